// Checks KQL with Microsoft's own parser, against the tables of a schema.
//
//   node kql_check.js LANGUAGE_FOLDER < request.json > answer.json
//
// The request has `schema` (the type of each column, by table and column), `queries` (text by name)
// and `literals`. The answer has for each query its `errors`, and the `columns` that the parser
// infers; and the value of each literal.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const folder = process.argv[2];
for (const file of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
  vm.runInThisContext(fs.readFileSync(path.join(folder, file), "utf8"), { filename: file });
}
const { GlobalState, KustoCode, Symbols } = Kusto.Language;

function stateOf(schema) {
  const tables = Object.entries(schema).map(([name, columns]) => {
    const listed = Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`);
    return Symbols.TableSymbol.From(`(${listed.join(", ")})`).WithName(name);
  });
  const database = new Symbols.DatabaseSymbol.ctor("workspace", tables);
  return GlobalState.Default.WithDatabase(database);
}

function listOf(found) {
  const all = [];
  for (let index = 0; index < found.Count; index++) all.push(found.getItem(index));
  return all;
}

function check(text, state) {
  const code = KustoCode.ParseAndAnalyze(text, state);
  const problems = listOf(code.GetDiagnostics());
  const errors = problems.map((one) => `${one.Message} (at ${one.Start})`);
  const result = code.ResultType;
  const columns = result && result.Columns ? listOf(result.Columns) : [];
  return { errors, columns: columns.map((one) => [one.Name, one.Type.Name]) };
}

function firstLiteral(element) {
  if (typeof element.LiteralValue === "string") return element.LiteralValue;
  for (let index = 0; index < element.ChildCount; index++) {
    const child = element.GetChild(index);
    const found = child === null ? null : firstLiteral(child);
    if (found !== null) return found;
  }
  return null;
}

function valueOf(literal) {
  const code = KustoCode.ParseAndAnalyze(`print x = ${literal}`, GlobalState.Default);
  const statements = code.Syntax.GetChild(0).Count;
  return code.GetDiagnostics().Count > 0 || statements > 1 ? null : firstLiteral(code.Syntax);
}

const request = JSON.parse(fs.readFileSync(0, "utf8"));
const state = stateOf(request.schema);
const answer = { queries: {}, literals: request.literals.map(valueOf) };
for (const [name, text] of Object.entries(request.queries)) answer.queries[name] = check(text, state);
process.stdout.write(JSON.stringify(answer));
