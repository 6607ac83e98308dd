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

        internal Gateway(JObject plan, Type compiled)
        {
            interpreter = new Interpreter(limit, (string)plan["managed_identity_token"]);
            foreach (var section in (JObject)plan["sections"])
                sections[section.Key] = section.Value.Select(step => new Step(step, compiled)).ToArray();
        }

        /// <returns>The reply's head and body to one question; `op` names the question.</returns>
        internal Tuple<JObject, byte[]> Answer(JObject head, byte[] body)
        {
            switch ((string)head["op"])
            {
                case "inbound": return Inbound(head, body);
                case "outbound": return Outbound(head, body);
                case "error": return Error(head);
                case "consume": return Consume(head);
                default: throw new InvalidOperationException("unknown question " + head["op"]);
            }
        }

        private Tuple<JObject, byte[]> Inbound(JObject head, byte[] body)
        {
            // A caller that was cancelled never asks again: the oldest call makes room.
            if (open.Count >= OpenCallsMax) open.Remove(open.Keys.First());
            var call = Opening.Open(head, body);
            open[(long)head["call"]] = call;
            return Guarded(head, call, "inbound", () =>
            {
                interpreter.Run(sections["inbound"], call);
                interpreter.Run(sections["backend"], call);
            });
        }

        private Tuple<JObject, byte[]> Outbound(JObject head, byte[] body)
        {
            var call = open[(long)head["call"]];
            call.Answering = true;
            call.Response = new Response
            {
                StatusCode = (int)head["status"], StatusReason = (string)head["reason"],
                Headers = Headers.From(head["headers"]),
                Body = new MessageBody(
                    (bool)head["streamed"] ? null : body, () => call.Record("stream-read", new JObject())),
            };
            return Guarded(head, call, "outbound", () => interpreter.Run(sections["outbound"], call));
        }

        private Tuple<JObject, byte[]> Error(JObject head)
        {
            var call = open[(long)head["call"]];
            var failure = new PolicyFailure(
                (string)head["source"], (string)head["reason"], (string)head["message"], (int)head["status"]);
            return Guarded(head, call, (string)head["section"], () => { throw failure; });
        }

        private Tuple<JObject, byte[]> Consume(JObject head)
        {
            foreach (var key in head["keys"]) limit.Consume((string)key, (long)head["tokens"]);
            return Tuple.Create(new JObject(), new byte[0]);
        }

        /// <summary>Runs a section; a failure runs on-error, a failure in there is a plain 500.</summary>
        private Tuple<JObject, byte[]> Guarded(JObject head, Call call, string section, Action run)
        {
            var done = section != "inbound";
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
            if (done) open.Remove((long)head["call"]);
            return done ? Replies.Answer(call) : Replies.Forward(call);
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
