// Runs the steps of one section. The *Steps files say what each policy does; this file owns their order.
using System;
using System.Collections.Generic;

namespace Apim.Engine
{
    internal sealed class Interpreter
    {
        private const string ExpressionFailed = "ExpressionValueEvaluationFailure";
        private readonly Dictionary<string, Action<Step, Call>> policies;

        internal Interpreter(TokenLimit limit, string managedIdentityToken)
        {
            var cache = new AnswerCache();
            policies = new Dictionary<string, Action<Step, Call>>
            {
                { "base", (step, call) => { } },
                { "choose", Choose },
                { "set-variable", SetVariable },
                { "forward-request", Forward },
                { "llm-token-limit", limit.Check },
                { "set-header", MessageSteps.SetHeader },
                { "set-body", MessageSteps.SetBody },
                { "set-status", MessageSteps.SetStatus },
                { "set-query-parameter", MessageSteps.SetQueryParameter },
                { "set-backend-service", MessageSteps.SetBackendService },
                { "return-response", ReturnResponse },
                { "log-to-eventhub", ReportSteps.LogToEventHub },
                { "trace", ReportSteps.Trace },
                { "llm-emit-token-metric", ReportSteps.EmitTokenMetric },
                { "llm-semantic-cache-lookup", cache.Lookup },
                { "llm-semantic-cache-store", cache.Store },
                { "validate-azure-ad-token", IdentitySteps.ValidateToken },
                { "authentication-managed-identity",
                    (step, call) => IdentitySteps.ManagedIdentity(step, call, managedIdentityToken) },
            };
        }

        /// <summary>What each policy does, by its name.</summary>
        internal IReadOnlyDictionary<string, Action<Step, Call>> Policies { get { return policies; } }

        /// <summary>Throws PolicyFailure, Returned or CacheHit; any other exception becomes a PolicyFailure.</summary>
        internal void Run(IEnumerable<Step> steps, Call call)
        {
            foreach (var step in steps)
            {
                call.Position = step.Position;
                try { step.Run(step, call); }
                catch (PolicyFailure) { throw; }
                catch (Returned) { throw; }
                catch (CacheHit) { throw; }
                catch (Exception error)
                {
                    call.Report("fault", "policy", step.Name, "message", error.Message);
                    throw new PolicyFailure(step.Name, ExpressionFailed, error.Message, 500);
                }
            }
        }

        private void Choose(Step step, Call call)
        {
            foreach (var branch in step.Children)
            {
                if (branch.Name == "when" && !(bool)branch.Evaluate("condition", call)) continue;
                Run(branch.Children, call);
                return;
            }
        }

        private static void SetVariable(Step step, Call call)
        {
            var value = step.Evaluate("value", call);
            if (value != null && !VariableTypes.Contains(value.GetType()))
                throw new InvalidOperationException(
                    "set-variable " + step.Read("name", call) + " got a " + value.GetType() + ", which it cannot hold");
            call.SetVariable(step.Read("name", call), value);
        }

        // The types that the reference of set-variable lists; a nullable value boxes as its own type.
        private static readonly HashSet<Type> VariableTypes = new HashSet<Type>
        {
            typeof(bool), typeof(sbyte), typeof(sbyte[]), typeof(byte), typeof(byte[]), typeof(ushort), typeof(uint),
            typeof(ulong), typeof(short), typeof(int), typeof(long), typeof(decimal), typeof(float), typeof(double),
            typeof(Guid), typeof(string), typeof(char), typeof(DateTime), typeof(TimeSpan),
        };

        private void Forward(Step step, Call call)
        {
            call.Forward = new Forward
            {
                TimeoutSeconds = int.Parse(step.Read("timeout", call, "300")),
                BufferResponse = step.Read("buffer-response", call, "true") == "true",
            };
        }

        private void ReturnResponse(Step step, Call call)
        {
            call.Response = new Response { StatusCode = 200, StatusReason = "OK", Headers = new Headers() };
            call.Answering = true;
            Run(step.Children, call);
            throw new Returned();
        }
    }
}
