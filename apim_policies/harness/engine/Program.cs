// The process: `engine.exe types EXPRESSIONS.dll ALLOWED.txt` prints forbidden members;
// `engine.exe run EXPRESSIONS.dll PLAN.json` answers frames on stdin until it ends.
// A frame is two big-endian lengths (uint32), a MessagePack head and a raw body.
using System;
using System.IO;
using System.Reflection;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            var compiled = Assembly.LoadFrom(arguments[1]);
            if (arguments[0] == "types") return AllowedTypes.Print(compiled, File.ReadAllLines(arguments[2]));
            var plan = JObject.Parse(File.ReadAllText(arguments[2]));
            Serve(new Gateway(plan, compiled.GetType("Expressions")));
            return 0;
        }

        private static void Serve(Gateway gateway)
        {
            var input = new Input(Console.OpenStandardInput());
            var output = new Output(Console.OpenStandardOutput());
            var lengths = new byte[8];
            while (input.Fill(lengths))
            {
                var head = new byte[Length(lengths, 0)];
                var body = new byte[Length(lengths, 4)];
                if (!input.Fill(head) || !input.Fill(body)) return;
                // A bug of the engine itself must not end the process: the question gets the exception as its reply.
                Reply reply;
                try { reply = gateway.Answer(new Question(head, body)); }
                catch (Exception error) { reply = Reply.Fault(error); }
                output.Write(reply);
                // Replies to questions that came together leave together, for each write wakes the other side.
                if (!input.HasMore) output.Flush();
            }
        }

        private static int Length(byte[] bytes, int at)
        {
            return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
        }
    }
}
