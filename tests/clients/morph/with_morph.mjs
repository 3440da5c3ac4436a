// Morph's SDK with this proxy as its API: a prompt is classified, in classes of the caller's too, raw, and refused.

import { RawRouter, RouterClassifier } from "@morphllm/morphsdk/modelrouter";
import { apiKey, baseURL, run } from "../node/scenarios.mjs";

const settings = { apiKey, apiUrl: baseURL.replace(/\/v1$/, ""), retryConfig: { maxRetries: 0 } };
const hard = "Prove that the square root of 2 plus the square root of 3 is irrational.";

async function classified() {
  return await new RouterClassifier(settings).classify({ input: hard });
}

async function classified_by_one_class() {
  return await new RouterClassifier(settings).classify({ input: "What is 2+2?", classes: ["difficulty"] });
}

async function raw() {
  return await new RawRouter(settings).classify({ input: "What is 2+2?" });
}

async function a_wrong_key() {
  try {
    await new RouterClassifier({ ...settings, apiKey: "not-the-key" }).classify({ input: hard });
  } catch (error) {
    return String(error);
  }
  return "nothing was thrown";
}

await run({ classified, classified_by_one_class, raw, a_wrong_key });
