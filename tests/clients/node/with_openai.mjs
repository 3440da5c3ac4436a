// The openai SDK for node: answers, streams, tools, parsed output, the Responses API, retries, exceptions.

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { apiKey, baseURL, caught, run } from "./scenarios.mjs";

const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 30_000 });
const messages = [{ role: "user", content: "What is the capital of France?" }];
const Capital = z.object({ city: z.string(), population: z.number() });
const ask = (model, more = {}, by = client) => by.chat.completions.create({ model, messages, ...more });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

async function an_answer() {
  const { data, response } = await ask("auto").withResponse();
  const same = data.model === response.headers.get("x-router-model");
  return [data.choices[0].message.content, data.choices[0].finish_reason, data.usage.total_tokens, same];
}

async function a_stream() {
  let text = "";
  let usage = null;
  for await (const chunk of await ask("talks", { stream: true, stream_options: { include_usage: true } })) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  return [text, usage.completion_tokens];
}

async function tools_run_to_the_end() {
  const runner = client.chat.completions.runTools({
    model: "talks",
    messages: [{ role: "user", content: "Call all of them" }],
    stream: true,
    tools: ["get_weather", "get_time"].map((name) => ({
      type: "function",
      function: { name, description: "Tell something", parameters, parse: JSON.parse, function: ({ city }) => `${name} ${city}` },
    })),
  });
  return [await runner.finalContent(), runner.messages.map((message) => message.role)];
}

async function parsed() {
  const response_format = zodResponseFormat(Capital, "capital");
  const answer = await client.chat.completions.parse({ model: "talks", messages, response_format });
  return answer.choices[0].message.parsed;
}

async function through_the_responses_api() {
  const stream = client.responses.stream({ model: "reasons", input: "What is the capital of France?" });
  const kinds = new Set();
  for await (const event of stream) kinds.add(event.type);
  const last = await stream.finalResponse();
  const called = await client.responses.create({
    model: "talks",
    input: "How warm is it?",
    tools: [{ type: "function", name: "get_weather", parameters, strict: false }],
  });
  const call = called.output.find((item) => item.type === "function_call");
  return [last.output_text, last.output.map((item) => item.type), kinds.has("response.completed"), call.arguments];
}

async function a_busy_upstream_is_tried_again() {
  const patient = new OpenAI({ baseURL, apiKey, maxRetries: 3 });
  return (await ask("busy", {}, patient)).choices[0].message.content;
}

async function errors() {
  const keyless = new OpenAI({ baseURL, apiKey: "not-the-key", maxRetries: 0 });
  return [
    await caught(() => ask("limited"), OpenAI.RateLimitError),
    await caught(() => ask("nothing-of-this-name"), OpenAI.NotFoundError),
    await caught(() => ask("refuses"), OpenAI.BadRequestError),
    await caught(() => ask("broken"), OpenAI.InternalServerError),
    await caught(() => ask("talks", {}, keyless), OpenAI.AuthenticationError),
  ];
}

async function a_stream_that_breaks() {
  let text = "";
  try {
    for await (const chunk of await ask("cut", { stream: true })) text += chunk.choices[0].delta.content ?? "";
  } catch (error) {
    return [text, error instanceof OpenAI.APIError];
  }
  return [text, "nothing was thrown"];
}

async function a_stream_that_the_client_leaves() {
  const stream = await ask("endless", { stream: true });
  for await (const chunk of stream) if (chunk.choices[0].delta.content) break; // leaving the loop cancels the request
  return stream.controller.signal.aborted;
}

await run({
  an_answer,
  a_stream,
  tools_run_to_the_end,
  parsed,
  through_the_responses_api,
  a_busy_upstream_is_tried_again,
  errors,
  a_stream_that_breaks,
  a_stream_that_the_client_leaves,
});
