// The pipeline of one call: inbound, backend, then outbound or on-error, as two or three questions from outside.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    internal sealed class Gateway
    {
        /// <summary>Calls between inbound and their answer.</summary>
        private const int OpenCallsMax = 10000;

        /// <summary>Status of an error that nobody is left to hear of: the caller hung up.</summary>
        private const int CallerGone = 0;

        private readonly Dictionary<string, Step[]> sections = new Dictionary<string, Step[]>();
        private readonly SortedDictionary<long, Call> open = new SortedDictionary<long, Call>();
        private readonly TokenLimit limit = new TokenLimit();
        private readonly Interpreter interpreter;
        private readonly Opening opening;

        internal Gateway(JObject plan, Type compiled)
        {
            interpreter = new Interpreter(limit, (string)plan["managed_identity_token"]);
            opening = new Opening(plan["gateway"]);
            foreach (var section in (JObject)plan["sections"])
                sections[section.Key] = section.Value.Select(step => new Step(step, compiled, interpreter.Policies)).ToArray();
        }

        /// <summary>`op` names the question.</summary>
        internal Reply Answer(Question question)
        {
            switch (question.Text("op"))
            {
                case "inbound": return Inbound(question);
                case "outbound": return Outbound(question);
                case "error": return Error(question);
                case "consume": return Consume(question);
                case "refuse": return Refuse(question);
                default: throw new InvalidOperationException("unknown question " + question.Text("op"));
            }
        }

        private Reply Inbound(Question question)
        {
            // A caller that was cancelled never asks again: the oldest call makes room.
            if (open.Count >= OpenCallsMax) open.Remove(open.Keys.First());
            var call = opening.Open(question);
            open[question.Number("call")] = call;
            return Guarded(question, call, "inbound", () =>
            {
                try
                {
                    interpreter.Run(sections["inbound"], call);
                    interpreter.Run(sections["backend"], call);
                }
                catch (CacheHit)
                {
                    call.Answering = true;
                    interpreter.Run(AnswerCache.After(sections["outbound"]), call);
                }
            });
        }

        private Reply Outbound(Question question)
        {
            var call = open[question.Number("call")];
            call.Answering = true;
            call.Response = new Response
            {
                StatusCode = (int)question.Number("status"), StatusReason = question.Text("reason"),
                Headers = question.Headers,
                Body = new MessageBody(
                    question.Flag("streamed") ? null : question.Body, () => call.Report("stream-read")),
            };
            return Guarded(question, call, "outbound", () => interpreter.Run(sections["outbound"], call));
        }

        /// <summary>The gateway refuses the request itself, before any policy: on-error alone runs.</summary>
        private Reply Refuse(Question question)
        {
            open[question.Number("call")] = opening.Open(question);
            return Error(question);
        }

        private Reply Error(Question question)
        {
            var call = open[question.Number("call")];
            var failure = new PolicyFailure(
                question.Text("source"), question.Text("reason"), question.Text("message"), (int)question.Number("status"));
            return Guarded(question, call, question.Text("section"), () => { throw failure; });
        }

        private Reply Consume(Question question)
        {
            foreach (var key in question.Keys) limit.Consume(key, question.Number("tokens"));
            return Reply.Empty();
        }

        /// <summary>Runs a section; a failure runs on-error, a failure in there is a plain 500.</summary>
        private Reply Guarded(Question question, Call call, string section, Action run)
        {
            var done = section != "inbound";
            call.BodySent = question.Body;
            call.Records.Clear();
            try { run(); }
            catch (Returned) { done = true; }
            catch (PolicyFailure failure)
            {
                done = true;
                Fail(call, failure, section);
                try { interpreter.Run(sections["on-error"], call); }
                catch (Returned) { }
                catch (PolicyFailure second) { Fail(call, second, "on-error"); }
            }
            done = done || call.FromCache;
            if (done) open.Remove(question.Number("call"));
            return Reply.To(call, done);
        }

        private static void Fail(Call call, PolicyFailure failure, string section)
        {
            call.Answering = true;
            call.LastError = new LastError
            {
                Source = failure.Policy, Reason = failure.Reason, Message = failure.Message,
                Scope = "api", Section = section,
            };
            call.Response = failure.Status == CallerGone ? null : ErrorResponse(failure);
        }

        private static Response ErrorResponse(PolicyFailure failure)
        {
            var text = new JObject { { "statusCode", failure.Status }, { "message", failure.Message } };
            var headers = new Headers { { "Content-Type", new[] { "application/json" } } };
            if (failure.RetryAfterSeconds > 0) headers.Append("Retry-After", failure.RetryAfterSeconds.ToString());
            return new Response
            {
                StatusCode = failure.Status, StatusReason = failure.Reason, Headers = headers,
                Body = new MessageBody(Encoding.UTF8.GetBytes(text.ToString(Formatting.None)), null),
            };
        }
    }
}
