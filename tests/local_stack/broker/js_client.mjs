// The third client: sends and receives with Microsoft's JavaScript SDK and prints what it saw as
// one line of JSON. Arguments: connection string, hub.
import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from "@azure/event-hubs";

const [connectionString, hub] = process.argv.slice(2);
const producer = new EventHubProducerClient(connectionString, hub);
const partitions = await producer.getPartitionIds();

const keyed = await producer.createBatch({ partitionKey: "größe" });
for (let index = 0; index < 3; index += 1) {
  keyed.tryAdd({ body: Buffer.from(`keyed ${index}`), properties: { index } });
}
await producer.sendBatch(keyed);
await producer.sendBatch([{ body: Buffer.alloc(300_000, 7) }], { partitionId: "0" });

const seen = [];
const consumer = new EventHubConsumerClient("$Default", connectionString, hub);
await new Promise((resolve, reject) => {
  consumer.subscribe(
    {
      processEvents: async (events, context) => {
        for (const event of events) {
          seen.push({
            partition: context.partitionId,
            sequenceNumber: event.sequenceNumber,
            offset: event.offset,
            key: event.partitionKey ?? null,
            body: event.body.length > 100 ? event.body.length : event.body.toString(),
            properties: event.properties ?? null,
            enqueued: event.enqueuedTimeUtc.toISOString(),
          });
        }
        if (seen.length === 4) resolve();
      },
      processError: async (error) => reject(error),
    },
    { startPosition: earliestEventPosition },
  );
});
const last = await producer.getPartitionProperties("0");
await consumer.close();
await producer.close();
console.log(JSON.stringify({ partitions, seen, isEmpty: last.isEmpty }));
