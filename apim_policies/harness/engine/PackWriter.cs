// Writes MessagePack into one buffer that it keeps, each type in its widest form: what takes it reads any.
using System;
using System.IO;
using System.Text;

namespace Apim.Engine
{
    internal sealed class PackWriter
    {
        private const int HeadBytes = 5;
        private byte[] buffer = new byte[1 << 12];
        private int at;

        /// <summary>Bytes written since <see cref="Clear"/>.</summary>
        internal int Length { get { return at; } }

        internal void Clear() { at = 0; }

        internal void WriteTo(Stream stream) { stream.Write(buffer, 0, at); }

        /// <param name="pairs">How many follow.</param>
        internal void Map(int pairs) { Tag(0xdf, pairs); }

        /// <param name="items">How many follow.</param>
        internal void List(int items) { Tag(0xdd, items); }

        internal void Number(int number) { Tag(0xd2, number); }

        internal void Flag(bool flag) { Byte((byte)(flag ? 0xc3 : 0xc2)); }

        internal void Text(string text)
        {
            if (text == null) { Byte(0xc0); return; }
            Reserve(HeadBytes + Encoding.UTF8.GetMaxByteCount(text.Length));
            var bytes = Encoding.UTF8.GetBytes(text, 0, text.Length, buffer, at + HeadBytes);
            Tag(0xdb, bytes);
            at += bytes;
        }

        internal void Bytes(byte[] bytes)
        {
            Tag(0xc6, bytes.Length);
            Reserve(bytes.Length);
            Buffer.BlockCopy(bytes, 0, buffer, at, bytes.Length);
            at += bytes.Length;
        }

        private void Byte(byte value)
        {
            Reserve(1);
            buffer[at++] = value;
        }

        private void Tag(byte tag, int number)
        {
            Reserve(HeadBytes);
            buffer[at++] = tag;
            for (var shift = 24; shift >= 0; shift -= 8) buffer[at++] = (byte)(number >> shift);
        }

        private void Reserve(int bytes)
        {
            if (at + bytes > buffer.Length) Array.Resize(ref buffer, Math.Max(2 * buffer.Length, at + bytes));
        }
    }
}
