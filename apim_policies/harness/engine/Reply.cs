// What the outside is told: forward this request, or send this answer; and what the policies reported.
// Written as it goes, without a tree: two replies are made for every call.
using System;
using System.IO;
using Newtonsoft.Json;

namespace Apim.Engine
{
    /// <summary>What forward-request asks for.</summary>
    internal sealed class Forward
    {
        internal int TimeoutSeconds;
        internal bool BufferResponse;
    }

    internal sealed class Reply
    {
        private static readonly byte[] Nothing = new byte[0];
        private readonly Action<JsonWriter> write;

        internal readonly byte[] Body;

        private Reply(byte[] body, Action<JsonWriter> write)
        {
            Body = body ?? Nothing;
            this.write = write;
        }

        internal static Reply Empty() { return new Reply(null, writer => { }); }

        internal static Reply Fault(Exception error)
        {
            return new Reply(null, writer => Write(writer, "engine_error", error.ToString()));
        }

        internal static Reply To(Call call, bool done)
        {
            // A backend section without forward-request goes on to outbound; no API that calls a model does that.
            if (!done && call.Forward == null)
                throw new InvalidOperationException("the backend section has no forward-request");
            var message = !done ? call.Request.Body : call.Response == null ? null : call.Response.Body;
            var body = message == null ? null : message.Content;
            var sameBody = body != null && body == call.BodySent;
            return new Reply(sameBody ? null : body, writer =>
            {
                WriteReports(writer, call);
                Write(writer, "same_body", sameBody);
                if (!done) WriteForward(writer, call);
                else if (call.Response != null) WriteAnswer(writer, call.Response);
                if (done && call.LastError != null) WriteError(writer, call);
            });
        }

        /// <summary>Writes the head.</summary>
        internal void WriteHead(TextWriter text)
        {
            using (var writer = new JsonTextWriter(text) { CloseOutput = false })
            {
                writer.WriteStartObject();
                write(writer);
                writer.WriteEndObject();
            }
        }

        private static void WriteReports(JsonWriter writer, Call call)
        {
            writer.WritePropertyName("records");
            writer.WriteStartArray();
            foreach (var record in call.Records) record.Write(writer);
            writer.WriteEndArray();
            writer.WritePropertyName("limit_keys");
            writer.WriteStartArray();
            foreach (var key in call.LimitKeys) writer.WriteValue(key);
            writer.WriteEndArray();
        }

        private static void WriteForward(JsonWriter writer, Call call)
        {
            writer.WritePropertyName("forward");
            writer.WriteStartObject();
            Write(writer, "method", call.Request.Method);
            Write(writer, "url", call.BackendBase + call.Request.Url.Path + call.Request.Url.QueryString);
            WriteHeaders(writer, call.Request.Headers);
            Write(writer, "timeout_s", call.Forward.TimeoutSeconds);
            Write(writer, "buffer_response", call.Forward.BufferResponse);
            writer.WriteEndObject();
        }

        private static void WriteAnswer(JsonWriter writer, Response response)
        {
            writer.WritePropertyName("answer");
            writer.WriteStartObject();
            Write(writer, "status", response.StatusCode);
            Write(writer, "reason", response.StatusReason);
            WriteHeaders(writer, response.Headers);
            Write(writer, "streamed", response.Body != null && response.Body.Streamed);
            writer.WriteEndObject();
        }

        private static void WriteError(JsonWriter writer, Call call)
        {
            writer.WritePropertyName("error");
            writer.WriteStartObject();
            Write(writer, "source", call.LastError.Source);
            Write(writer, "reason", call.LastError.Reason);
            Write(writer, "message", call.LastError.Message);
            Write(writer, "section", call.LastError.Section);
            Write(writer, "status", call.Response == null ? 0 : call.Response.StatusCode);
            writer.WriteEndObject();
        }

        private static void WriteHeaders(JsonWriter writer, object headers)
        {
            writer.WritePropertyName("headers");
            ((Headers)headers).Write(writer);
        }

        private static void Write(JsonWriter writer, string name, object value)
        {
            writer.WritePropertyName(name);
            writer.WriteValue(value);
        }
    }
}
