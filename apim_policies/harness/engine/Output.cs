// Standard output: replies as frames, collected until somebody waits for them.
using System.IO;
using System.Text;

namespace Apim.Engine
{
    internal sealed class Output
    {
        private readonly BufferedStream stream;
        // One for all heads: a new buffer for each would be a large object to the collector.
        private readonly MemoryStream head = new MemoryStream();
        private readonly StreamWriter text;

        internal Output(Stream stream)
        {
            this.stream = new BufferedStream(stream, 1 << 14);
            text = new StreamWriter(head, new UTF8Encoding(false));
        }

        internal void Write(Reply reply)
        {
            head.SetLength(0);
            reply.WriteHead(text);
            text.Flush();
            WriteLength((int)head.Length);
            WriteLength(reply.Body.Length);
            head.WriteTo(stream);
            stream.Write(reply.Body, 0, reply.Body.Length);
        }

        internal void Flush() { stream.Flush(); }

        private void WriteLength(int length)
        {
            for (var shift = 24; shift >= 0; shift -= 8) stream.WriteByte((byte)(length >> shift));
        }
    }
}
