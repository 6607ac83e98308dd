// One question from outside: the MessagePack head of its frame, and the raw body.
using System.Collections.Generic;

namespace Apim.Engine
{
    internal sealed class Question
    {
        private readonly Dictionary<string, object> values = new Dictionary<string, object>();

        internal readonly byte[] Body;
        internal readonly Headers Headers = new Headers();

        /// <summary>Counter keys whose tokens are given.</summary>
        internal readonly List<string> Keys = new List<string>();

        /// <param name="head">A flat map; `headers` is [[name, value], …], `keys` is [text, …].</param>
        internal Question(byte[] head, byte[] body)
        {
            Body = body;
            var reader = new PackReader(head);
            for (var pairs = reader.Map(); pairs > 0; pairs--)
            {
                var name = reader.Text();
                if (name == "headers") ReadHeaders(reader);
                else if (name == "keys") for (var keys = reader.List(); keys > 0; keys--) Keys.Add(reader.Text());
                else values[name] = reader.Value();
            }
        }

        /// <returns>Null where the head says null.</returns>
        internal string Text(string name) { return (string)values[name]; }

        internal long Number(string name) { return (long)values[name]; }

        internal bool Flag(string name) { return (bool)values[name]; }

        // A name may come more than once, as on the wire.
        private void ReadHeaders(PackReader reader)
        {
            for (var headers = reader.List(); headers > 0; headers--)
            {
                reader.List();
                var name = reader.Text();
                Headers.Append(name, reader.Text());
            }
        }
    }
}
