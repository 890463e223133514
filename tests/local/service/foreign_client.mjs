// One application's life through AWS's SDK for JavaScript: node foreign_client.mjs NAME BUCKET_ARN FILE_KEY.
// Each step is printed as a line of JSON, so that a test can compare it with what other clients see.
import {
  CreateApplicationCommand,
  CreateApplicationSnapshotCommand,
  DeleteApplicationCommand,
  DescribeApplicationCommand,
  DescribeApplicationSnapshotCommand,
  KinesisAnalyticsV2Client,
  ResourceNotFoundException,
  RollbackApplicationCommand,
  StartApplicationCommand,
  StopApplicationCommand,
  UpdateApplicationCommand,
} from "@aws-sdk/client-kinesis-analytics-v2";
import { setTimeout as sleep } from "node:timers/promises";

const [ApplicationName, BucketARN, FileKey] = process.argv.slice(2);
const client = new KinesisAnalyticsV2Client({});

async function describe() {
  return (await client.send(new DescribeApplicationCommand({ ApplicationName }))).ApplicationDetail;
}

async function settled(describeIt, statuses) {
  for (;;) {
    const found = await describeIt();
    if (statuses.includes(found.ApplicationStatus ?? found.SnapshotStatus)) return found;
    await sleep(50);
  }
}

function show(step, status, version) {
  console.log(JSON.stringify([step, status, version]));
}

async function call(step, command) {
  await client.send(command);
  const found = await settled(describe, ["READY", "RUNNING"]);
  show(step, found.ApplicationStatus, found.ApplicationVersionId);
}

async function refusal() {
  for (;;) {
    try {
      await describe();
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return error;
      throw error;
    }
    await sleep(50);
  }
}

await call("create", new CreateApplicationCommand({
  ApplicationName,
  RuntimeEnvironment: "FLINK-1_20",
  ServiceExecutionRole: "arn:aws:iam::000000000000:role/job",
  ApplicationConfiguration: {
    ApplicationCodeConfiguration: {
      CodeContentType: "ZIPFILE",
      CodeContent: { S3ContentLocation: { BucketARN, FileKey } },
    },
    EnvironmentProperties: { PropertyGroups: [{ PropertyGroupId: "job", PropertyMap: { speed: "1" } }] },
  },
}));
await call("start", new StartApplicationCommand({ ApplicationName }));
await call("update", new UpdateApplicationCommand({
  ApplicationName,
  CurrentApplicationVersionId: 1,
  ApplicationConfigurationUpdate: {
    EnvironmentPropertyUpdates: { PropertyGroups: [{ PropertyGroupId: "job", PropertyMap: { speed: "2" } }] },
  },
}));
const snapshot = { ApplicationName, SnapshotName: "before" };
await client.send(new CreateApplicationSnapshotCommand(snapshot));
const saved = await settled(
  async () => (await client.send(new DescribeApplicationSnapshotCommand(snapshot))).SnapshotDetails,
  ["READY", "FAILED"],
);
show("snapshot", saved.SnapshotStatus, saved.ApplicationVersionId);
await call("roll back", new RollbackApplicationCommand({ ApplicationName, CurrentApplicationVersionId: 2 }));
await call("stop", new StopApplicationCommand({ ApplicationName }));

const { CreateTimestamp } = await describe();
await client.send(new DeleteApplicationCommand({ ApplicationName, CreateTimestamp }));
const gone = await refusal();
show("gone", gone.name, gone.$metadata.httpStatusCode);
