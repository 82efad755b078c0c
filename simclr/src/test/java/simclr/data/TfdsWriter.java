package simclr.data;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.tensorflow.proto.BytesList;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.proto.Features;
import org.tensorflow.proto.Int64List;

/** Writes TFDS directories as small as a test needs them. */
public final class TfdsWriter {
  public static final String FEATURES =
      """
      {"pythonClassName": "tensorflow_datasets.core.features.features_dict.FeaturesDict",
       "featuresDict": {"features": {
         "image": {"pythonClassName": "tensorflow_datasets.core.features.image_feature.Image",
                   "image": {"shape": {"dimensions": ["2", "3", "3"]}, "dtype": "uint8"}},
         "label": {"pythonClassName":
                     "tensorflow_datasets.core.features.class_label_feature.ClassLabel",
                   "classLabel": {"numClasses": "3"}}}}}
      """;

  private final Path directory;

  /** Makes {@code <dataDir>/toy/1.0.0} with three classes. */
  public TfdsWriter(Path dataDir) {
    directory = dataDir.resolve("toy").resolve("1.0.0");
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    write("features.json", FEATURES);
    write("label.labels.txt", "ant\nbee\ncow\n");
  }

  public Path directory() {
    return directory;
  }

  public Path shard(String split, int shard, int shards) {
    return directory.resolve(
        String.format(Locale.ROOT, "toy-%s.tfrecord-%05d-of-%05d", split, shard, shards));
  }

  public void write(String name, String text) {
    write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
  }

  public static void write(Path file, byte[] bytes) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes {@code dataset_info.json} for one split. */
  public void info(String split, String shardLengths) {
    write(
        "dataset_info.json",
        """
        {"name": "toy", "version": "1.0.0", "fileFormat": "tfrecord",
         "supervisedKeys": {"tuple": {"items": [{"featureKey": "image"}, {"featureKey": "label"}]}},
         "splits": [{"name": "%s", "shardLengths": %s}]}
        """
            .formatted(split, shardLengths));
  }

  /** One shard of examples, with a description that fits. */
  public void split(String split, byte[]... examples) {
    info(split, "[\"" + examples.length + "\"]");
    write(shard(split, 0, 1), records(List.of(examples)));
  }

  public static byte[] example(byte[] image, long label) {
    return Example.newBuilder()
        .setFeatures(
            Features.newBuilder()
                .putFeature("image", bytes(image))
                .putFeature(
                    "label",
                    Feature.newBuilder()
                        .setInt64List(Int64List.newBuilder().addValue(label))
                        .build()))
        .build()
        .toByteArray();
  }

  public static byte[] example(byte[] image, long label, String name) {
    try {
      Example bare = Example.parseFrom(example(image, label));
      return bare.toBuilder()
          .setFeatures(
              bare.getFeatures().toBuilder()
                  .putFeature("file_name", bytes(name.getBytes(StandardCharsets.UTF_8))))
          .build()
          .toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static byte[] example(byte[] image) {
    return Example.newBuilder()
        .setFeatures(Features.newBuilder().putFeature("image", bytes(image)))
        .build()
        .toByteArray();
  }

  /** TFRecord framing. */
  public static byte[] records(List<byte[]> records) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] record : records) {
      ByteBuffer framed = ByteBuffer.allocate(record.length + 16).order(ByteOrder.LITTLE_ENDIAN);
      framed.putLong(record.length);
      framed.putInt(maskedCrc(framed.array(), 0, 8));
      framed.put(record);
      framed.putInt(maskedCrc(framed.array(), 12, record.length));
      out.writeBytes(framed.array());
    }
    return out.toByteArray();
  }

  private static Feature bytes(byte[] value) {
    return Feature.newBuilder()
        .setBytesList(BytesList.newBuilder().addValue(ByteString.copyFrom(value)))
        .build();
  }

  private static int maskedCrc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    long value = crc.getValue();
    return (int) (((value >>> 15) | (value << 17)) + 0xa282ead8L);
  }
}
