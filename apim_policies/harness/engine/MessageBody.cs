// A message body with the gateway's rules: read once unless preserved, and never while it streams.
using System;
using System.Text;
using System.Xml.Linq;
using Newtonsoft.Json.Linq;

namespace Apim
{
    public sealed class MessageBody
    {
        private byte[] content;
        private readonly Action onStreamRead;

        /// <param name="content">Null for a streamed body, which nobody here holds.</param>
        /// <param name="onStreamRead">Called before a read of a streamed body throws.</param>
        internal MessageBody(byte[] content, Action onStreamRead)
        {
            this.content = content;
            this.onStreamRead = onStreamRead;
            Streamed = content == null;
        }

        internal bool Streamed { get; private set; }

        /// <summary>What is left for the next reader: null after a read without preserveContent.</summary>
        internal byte[] Content { get { return content; } }

        public T As<T>(bool preserveContent = false)
        {
            if (Streamed)
            {
                onStreamRead();
                throw new InvalidOperationException("the body of a streamed response was read");
            }
            if (content == null) throw new InvalidOperationException("the body was already read");
            var bytes = content;
            if (!preserveContent) content = null;
            return (T)Convert(typeof(T), bytes);
        }

        private static object Convert(Type type, byte[] bytes)
        {
            if (type == typeof(byte[])) return bytes;
            var text = Encoding.UTF8.GetString(bytes);
            if (type == typeof(string)) return text;
            if (type == typeof(JObject)) return JObject.Parse(text);
            if (type == typeof(JArray)) return JArray.Parse(text);
            if (type == typeof(JToken)) return JToken.Parse(text);
            if (type == typeof(XElement) || type == typeof(XNode)) return XElement.Parse(text);
            if (type == typeof(XDocument)) return XDocument.Parse(text);
            throw new NotSupportedException("a body cannot be read as " + type);
        }
    }
}
