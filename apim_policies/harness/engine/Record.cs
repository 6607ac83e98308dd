// What a policy reports besides the message it works on: an event, a trace, a token metric, or its own failure.
using System.Collections.Generic;

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

        /// <summary>An event; its text is sent as bytes, since it may be cut inside a character.</summary>
        internal Record(string position, string[] texts, byte[] body) : this("event", position, texts)
        {
            this.body = body;
        }

        internal void Write(PackWriter writer)
        {
            writer.Map(2 + texts.Length / 2 + (body == null ? 0 : 1) + (list == null ? 0 : 1));
            writer.Text("kind");
            writer.Text(kind);
            writer.Text("position");
            writer.Text(position);
            foreach (var text in texts) writer.Text(text);
            if (body != null)
            {
                writer.Text("body");
                writer.Bytes(body);
            }
            if (list == null) return;
            writer.Text(listName);
            writer.Map(list.Count);
            foreach (var entry in list)
            {
                writer.Text(entry.Key);
                writer.Text(entry.Value);
            }
        }
    }
}
