// What a policy reports beside the message it works on: an event, a trace, a token metric, or its own failure.
using System.Collections.Generic;
using Newtonsoft.Json;

namespace Apim.Engine
{
    internal sealed class Record
    {
        private readonly string kind;
        private readonly string position;
        private readonly string[] texts;
        private readonly byte[] body;
        private readonly string listName;
        private readonly IList<KeyValuePair<string, string>> list;

        /// <param name="texts">Names and their values by turns.</param>
        /// <param name="listName">Name of <paramref name="list"/>, the metadata or dimensions.</param>
        internal Record(
            string kind, string position, string[] texts,
            string listName = null, IList<KeyValuePair<string, string>> list = null)
        {
            this.kind = kind;
            this.position = position;
            this.texts = texts;
            this.listName = listName;
            this.list = list;
        }

        /// <summary>An event; its text is told as bytes, since it may be cut inside a character.</summary>
        internal Record(string position, string[] texts, byte[] body) : this("event", position, texts)
        {
            this.body = body;
        }

        internal void Write(JsonWriter writer)
        {
            writer.WriteStartObject();
            Write(writer, "kind", kind);
            Write(writer, "position", position);
            for (var at = 0; at < texts.Length; at += 2) Write(writer, texts[at], texts[at + 1]);
            if (body != null)
            {
                writer.WritePropertyName("body");
                writer.WriteValue(body); // in Base64
            }
            if (list != null)
            {
                writer.WritePropertyName(listName);
                writer.WriteStartObject();
                foreach (var entry in list) Write(writer, entry.Key, entry.Value);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }

        private static void Write(JsonWriter writer, string name, string value)
        {
            writer.WritePropertyName(name);
            writer.WriteValue(value);
        }
    }
}
