// Runs the scenarios of a client program and prints what each saw, as one line of JSON.

export const [baseURL, apiKey] = process.argv.slice(2);

// Perform the functions of an object in order. What one throws is kept as its trace: the next runs all the same.
export async function run(scenarios) {
  const results = {};
  for (const [name, scenario] of Object.entries(scenarios)) {
    try {
      results[name] = await scenario();
    } catch (error) {
      results[name] = String(error.stack ?? error).slice(0, 3000);
    }
  }
  process.stdout.write("\n" + JSON.stringify(results) + "\n");
}

// Return the name of the one of `kinds` that `call` throws, and its HTTP status.
export async function caught(call, ...kinds) {
  try {
    await call();
  } catch (error) {
    const kind = kinds.find((one) => error instanceof one);
    return [kind?.name ?? String(error), error.status ?? error.statusCode ?? null];
  }
  return ["nothing was thrown"];
}
