package simclr.tools.mutants;

import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.RawTensor;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ObjectPaths;
import simclr.checkpoint.bundle.BundleFiles;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.export.inspect.Inspection;

/** A small checkpoint of three tensors and its graph of objects. */
final class CheckpointMutantsTest {
  @TempDir Path dir;

  @BeforeEach
  void write() {
    try (SmallCheckpoint checkpoint = new SmallCheckpoint()) {
      checkpoint.write(prefix(), SmallCheckpoint.objectGraph());
    }
  }

  @Test
  void indexWhoseChecksumsTell() throws Exception {
    Path index = BundleFiles.index(prefix());
    Mutants.checksummed("checkpoint index", Files.readAllBytes(index))
        .check(Bytes::mutate, bytes -> contentWith(index, bytes));
  }

  @Test
  void indexUnderRightChecksums() throws Exception {
    Path index = BundleFiles.index(prefix());
    Mutants.of("checkpoint index, checksums right", Files.readAllBytes(index))
        .check(IndexTable::mutate, bytes -> contentWith(index, bytes));
  }

  @Test
  void dataWhoseChecksumsTell() throws Exception {
    Path data = BundleFiles.data(prefix());
    Mutants.checksummed("checkpoint data", Files.readAllBytes(data))
        .check(Bytes::mutate, bytes -> contentWith(data, bytes));
  }

  @Test
  void graphOfObjects() throws Exception {
    try (SmallCheckpoint checkpoint = new SmallCheckpoint()) {
      Mutants.of("object graph", SmallCheckpoint.objectGraph())
          .check(
              Protos::mutate,
              bytes -> {
                checkpoint.write(prefix(), bytes);
                return content();
              });
    }
  }

  private Object contentWith(Path file, byte[] bytes) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, bytes);
    try {
      return content();
    } finally {
      Files.write(file, whole);
    }
  }

  /** Everything that commands read of a checkpoint. */
  private Object content() {
    CheckpointFile file = CheckpointFile.open(prefix());
    file.verify();
    TrackableObjectGraph objects = file.objectGraph();
    ObjectPaths paths = new ObjectPaths(objects);
    List<String> values = new ArrayList<>();
    for (CheckpointFile.Entry entry : file.tensors()) {
      if (entry.type() != DataType.DT_STRING) {
        try (BundleTensors read = file.read(List.of(entry.key()))) {
          values.add(entry + " " + sha256(read.get(0).asRawTensor()));
        }
      }
    }
    Inspection inspection = Inspection.of(prefix(), line -> {});
    inspection.lines(true);
    inspection.json();
    return List.of(values, file.step(), objects, paths.keysByPath(), paths.keysByName());
  }

  private static String sha256(RawTensor tensor) {
    byte[] bytes = new byte[Math.toIntExact(tensor.numBytes())];
    tensor.data().read(bytes);
    return Hashing.sha256().hashBytes(bytes).toString();
  }

  private Path prefix() {
    return dir.resolve("ckpt-7");
  }
}
