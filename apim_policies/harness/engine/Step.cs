// The plan: policy elements with their literals and compiled expressions, as the Python side wrote it.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Newtonsoft.Json.Linq;

namespace Apim.Engine
{
    /// <summary>A literal, or a compiled expression with the position it stands at.</summary>
    internal sealed class Value
    {
        private readonly string literal;
        private readonly Func<IContext, object> expression;
        private readonly string position;

        internal Value(JToken plan, Type compiled)
        {
            if (plan.Type == JTokenType.String) { literal = (string)plan; return; }
            position = (string)plan["position"];
            expression = Bind(compiled.GetMethod("E" + (int)plan["expression"]));
        }

        internal object Evaluate(Call call)
        {
            if (expression == null) return literal;
            call.Position = position;
            return expression(call);
        }

        private static Func<IContext, object> Bind(MethodInfo method)
        {
            if (method.ReturnType != typeof(bool))
                return (Func<IContext, object>)Delegate.CreateDelegate(typeof(Func<IContext, object>), method);
            var condition = (Func<IContext, bool>)Delegate.CreateDelegate(typeof(Func<IContext, bool>), method);
            return context => condition(context);
        }
    }

    internal sealed class Step
    {
        internal readonly string Name;
        internal readonly string Position;
        internal readonly Value Text;
        internal readonly Step[] Children;
        private readonly Dictionary<string, Value> attributes = new Dictionary<string, Value>();

        internal Step(JToken plan, Type compiled)
        {
            Name = (string)plan["name"];
            Position = (string)plan["position"];
            foreach (var attribute in (JObject)plan["attributes"])
                attributes[attribute.Key] = new Value(attribute.Value, compiled);
            if (plan["text"] != null) Text = new Value(plan["text"], compiled);
            Children = plan["children"].Select(child => new Step(child, compiled)).ToArray();
        }

        internal bool Has(string attribute) { return attributes.ContainsKey(attribute); }

        internal object Evaluate(string attribute, Call call) { return attributes[attribute].Evaluate(call); }

        /// <returns>The attribute as text, or absent if the policy does not give it.</returns>
        internal string Read(string attribute, Call call, string absent = null)
        {
            return Has(attribute) ? System.Convert.ToString(Evaluate(attribute, call)) : absent;
        }

        internal IEnumerable<Step> Named(string name) { return Children.Where(child => child.Name == name); }
    }
}
