// Standard output: replies as frames, collected until somebody waits for them.
using System.IO;

namespace Apim.Engine
{
    internal sealed class Output
    {
        private readonly BufferedStream stream;
        private readonly PackWriter head = new PackWriter();

        internal Output(Stream stream) { this.stream = new BufferedStream(stream, 1 << 14); }

        internal void Write(Reply reply)
        {
            head.Clear();
            reply.WriteHead(head);
            WriteLength(head.Length);
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
