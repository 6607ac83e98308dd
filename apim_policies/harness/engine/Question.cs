// One question from outside: the JSON head of its frame, read once and without a tree, and the raw body.
using System.Collections.Generic;
using System.IO;
using System.Text;
using Newtonsoft.Json;

namespace Apim.Engine
{
    internal sealed class Question
    {
        private readonly Dictionary<string, object> values = new Dictionary<string, object>();

        internal readonly byte[] Body;
        internal readonly Headers Headers = new Headers();

        /// <summary>Counter keys whose tokens are told.</summary>
        internal readonly List<string> Keys = new List<string>();

        /// <param name="head">A flat JSON object; `headers` is [[name, value], …], `keys` is [text, …].</param>
        internal Question(byte[] head, byte[] body)
        {
            Body = body;
            using (var reader = new JsonTextReader(new StringReader(Encoding.UTF8.GetString(head))))
            {
                // Header values that look like dates must stay what they are.
                reader.DateParseHandling = DateParseHandling.None;
                reader.Read();
                while (reader.Read() && reader.TokenType == JsonToken.PropertyName)
                {
                    var name = (string)reader.Value;
                    reader.Read();
                    if (name == "headers") ReadHeaders(reader);
                    else if (name == "keys") ReadKeys(reader);
                    else values[name] = reader.Value;
                }
            }
        }

        /// <returns>Null where the head says null.</returns>
        internal string Text(string name) { return (string)values[name]; }

        internal long Number(string name) { return (long)values[name]; }

        internal bool Flag(string name) { return (bool)values[name]; }

        // A name may come more than once, as on the wire.
        private void ReadHeaders(JsonReader reader)
        {
            while (reader.Read() && reader.TokenType == JsonToken.StartArray)
            {
                var name = reader.ReadAsString();
                Headers.Append(name, reader.ReadAsString());
                reader.Read();
            }
        }

        private void ReadKeys(JsonReader reader)
        {
            while (reader.Read() && reader.TokenType == JsonToken.String) Keys.Add((string)reader.Value);
        }
    }
}
