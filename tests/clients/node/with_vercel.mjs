// The Vercel AI SDK with two of its providers: text, streams, tools in several steps, objects, the Responses API, errors.

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateObject, generateText, stepCountIs, streamObject, streamText, tool } from "ai";
import { z } from "zod";
import { apiKey, baseURL, caught, run } from "./scenarios.mjs";

const compatible = createOpenAICompatible({
  name: "tierwise",
  baseURL,
  apiKey,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const openai = createOpenAI({ baseURL, apiKey });
const prompt = "What is the capital of France?";
const schema = z.object({ city: z.string(), population: z.number() });
const get_weather = tool({
  description: "Tell the weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `20 degrees in ${city}`,
});
const fixed = { maxRetries: 0 };

async function a_text() {
  const { text, finishReason, usage, response } = await generateText({ model: compatible("auto"), prompt, ...fixed });
  return [text, finishReason, usage.inputTokens, usage.outputTokens, response.modelId];
}

async function a_stream_with_reasoning() {
  const answer = streamText({ model: compatible("reasons"), prompt, ...fixed });
  let text = "";
  for await (const piece of answer.textStream) text += piece;
  return [await answer.reasoningText, text, (await answer.usage).outputTokens];
}

async function tools_in_steps() {
  const asked = { tools: { get_weather }, stopWhen: stepCountIs(3), prompt: "How warm is it in Paris?", ...fixed };
  const whole = await generateText({ model: compatible("talks"), ...asked });
  const streamed = streamText({ model: compatible("talks"), ...asked });
  return [whole.text, whole.steps.length, whole.steps[0].toolCalls[0].input, await streamed.text];
}

async function objects() {
  const whole = await generateObject({ model: compatible("talks"), schema, prompt, ...fixed });
  const parts = streamObject({ model: compatible("talks"), schema, prompt, ...fixed });
  let count = 0;
  for await (const _ of parts.partialObjectStream) count += 1;
  return [whole.object, await parts.object, count > 1];
}

async function through_the_responses_api() {
  const asked = { tools: { get_weather }, stopWhen: stepCountIs(3), prompt: "How warm is it in Paris?", ...fixed };
  const whole = await generateText({ model: openai("talks"), ...asked });
  const streamed = streamText({ model: openai("talks"), prompt, ...fixed });
  return [whole.text, await streamed.text, (await streamed.usage).outputTokens];
}

async function through_openais_chat_model() {
  const { text } = await generateText({ model: openai.chat("talks"), prompt, ...fixed });
  return text;
}

async function a_busy_upstream_is_tried_again() {
  return (await generateText({ model: compatible("busy"), prompt, maxRetries: 3 })).text;
}

async function errors() {
  const of = (model) => () => generateText({ model: compatible(model), prompt, ...fixed });
  return [
    await caught(of("limited"), APICallError),
    await caught(of("nothing-of-this-name"), APICallError),
    await caught(of("refuses"), APICallError),
  ];
}

async function a_stream_that_the_client_leaves() {
  const leaving = new AbortController();
  const answer = streamText({ model: compatible("endless"), prompt, abortSignal: leaving.signal, ...fixed });
  let text = "";
  for await (const piece of answer.textStream) {
    text += piece;
    leaving.abort();
  }
  return text;
}

await run({
  a_text,
  a_stream_with_reasoning,
  tools_in_steps,
  objects,
  through_the_responses_api,
  through_openais_chat_model,
  a_busy_upstream_is_tried_again,
  errors,
  a_stream_that_the_client_leaves,
});
