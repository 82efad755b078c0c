package simclr.data.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Floats;
import com.google.common.primitives.ImmutableLongArray;
import com.google.common.primitives.Longs;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TFOutOfRangeException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.config.RunConfig;
import simclr.config.UserException.ExitCode;
import simclr.data.TestImages;
import simclr.data.TfdsWriter;
import simclr.data.UserErrors;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Split;

/** What the batches are: whose, in which order, and the same again. */
final class InputPipelineTest {
  /** Not a multiple of the batch, so that batches run across epochs. */
  private static final int EXAMPLES = 21;

  private static final int BATCH = 5;
  private static final long SEED = 0x123456789ABCL;

  @TempDir Path directory;

  /** The ways in which examples are stored; each example's label is its index. */
  enum Storage {
    ENCODED,
    INTERLEAVED,
    PLANAR,
    FILES,
    STREAMED,
    ENCODED_CACHED,
    FILES_CACHED,
    STREAMED_CACHED;

    boolean cached() {
      return name().endsWith("_CACHED");
    }
  }

  private record Taken(Shape shape, List<Float> images, List<Long> labels) {}

  @ParameterizedTest
  @EnumSource
  void trainingHasEachExampleOnceInEveryEpochAndAnotherOrderInEach(Storage storage) {
    List<Taken> batches = train(storage, SEED, 2, 0, 2 * EXAMPLES / BATCH + 1);
    assertThat(batches).allMatch(b -> b.shape().equals(Shape.of(BATCH, 12, 12, 6)));
    List<Long> seen = batches.stream().flatMap(b -> b.labels().stream()).toList();
    List<Long> first = seen.subList(0, EXAMPLES);
    List<Long> second = seen.subList(EXAMPLES, 2 * EXAMPLES);
    List<Long> all = LongStream.range(0, EXAMPLES).boxed().toList();
    assertThat(first).containsExactlyInAnyOrderElementsOf(all).isNotEqualTo(all);
    assertThat(second).containsExactlyInAnyOrderElementsOf(all).isNotEqualTo(first);
  }

  @ParameterizedTest
  @EnumSource
  void aBatchDependsOnItsStepAndNotOnThreadsOrWhereTheRunBegan(Storage storage) {
    List<Taken> batches = train(storage, SEED, 2, 0, 8);
    List<Taken> moreThreads = train(storage, SEED, 5, 0, 8);
    List<Taken> resumed = train(storage, SEED, 2, 6, 2);
    for (int i = 0; i < 8; i++) {
      assertThat(moreThreads.get(i)).as("step %s", i).isEqualTo(batches.get(i));
    }
    assertThat(resumed.get(0)).isEqualTo(batches.get(6));
    assertThat(resumed.get(1)).isEqualTo(batches.get(7));
    assertThat(batches.get(0)).isNotEqualTo(batches.get(1));
    assertThat(train(storage, SEED + 1, 2, 0, 1).get(0)).isNotEqualTo(batches.get(0));
  }

  @ParameterizedTest
  @EnumSource
  void evaluationHasAllExamplesOnceInOrderWithARaggedEnd(Storage storage) {
    List<Taken> batches = evaluate(storage, 12);
    assertThat(batches.stream().map(Taken::shape))
        .containsExactly(Shape.of(8, 12, 12, 3), Shape.of(8, 12, 12, 3), Shape.of(5, 12, 12, 3));
    assertThat(batches.stream().flatMap(b -> b.labels().stream()))
        .containsExactlyElementsOf(LongStream.range(0, EXAMPLES).boxed().toList());
    assertThat(brightness(batches)).containsExactly(expectedBrightness(), within(1e-6f));
  }

  @Test
  void seedsThatDifferInTheirHighBitsGiveOtherOrders() {
    List<Taken> batches = train(Storage.INTERLEAVED, SEED, 2, 0, 1);
    List<Taken> others = train(Storage.INTERLEAVED, SEED + (1L << 40), 2, 0, 1);
    assertThat(others.get(0).labels()).isNotEqualTo(batches.get(0).labels());
  }

  @Test
  void fineTuningTakesOneViewAndLeavesColoursAlone() {
    RunConfig config = config(Storage.PLANAR).with(Map.of("train_mode", "finetune"));
    try (InputPipeline pipeline = InputPipeline.training(split(Storage.PLANAR), config, SEED)) {
      for (Taken batch : take(pipeline, 0, 4)) {
        assertThat(batch.shape()).isEqualTo(Shape.of(BATCH, 12, 12, 3));
        float[] expected = expectedBrightness();
        for (int i = 0; i < BATCH; i++) {
          // The images have one colour each, so crops and flips change nothing.
          assertThat(batch.images().get(i * 12 * 12 * 3))
              .isCloseTo(expected[batch.labels().get(i).intValue()], within(1e-6f));
        }
      }
    }
  }

  @Test
  void unlabelledExamplesHaveLabelMinusOne() {
    Records.InMemory records = (Records.InMemory) split(Storage.PLANAR).records();
    ImmutableLongArray none =
        ImmutableLongArray.copyOf(LongStream.generate(() -> -1).limit(EXAMPLES).toArray());
    Split split =
        new Split(
            "train",
            EXAMPLES,
            ImmutableList.of(),
            new Records.InMemory(records.images(), none, records.encoding()));
    try (InputPipeline pipeline = InputPipeline.training(split, config(Storage.PLANAR), SEED)) {
      assertThat(take(pipeline, 0, 1).get(0).labels()).containsOnly(-1L);
    }
  }

  @Test
  void aSplitOfOneExampleRepeatsIt() {
    Records records =
        new Records.InMemory(
            List.of(raw(7, true)), ImmutableLongArray.of(0), new Encoding.Raw(9, 13, true));
    Split split = new Split("train", 1, ImmutableList.of("only"), records);
    RunConfig config = config(Storage.PLANAR).with(Map.of("train_batch_size", "1"));
    try (InputPipeline pipeline = InputPipeline.training(split, config, SEED)) {
      assertThat(take(pipeline, 0, 3)).allMatch(batch -> batch.labels().equals(List.of(0L)));
    }
  }

  @Test
  void aBatchLargerThanTheSplitIsRefused() {
    RunConfig config = config(Storage.PLANAR).with(Map.of("train_batch_size", "22"));
    UserErrors.assertFails(
            ExitCode.USAGE,
            () -> InputPipeline.training(split(Storage.PLANAR), config, SEED).close())
        .isEqualTo("--train_batch_size is 22, expected at most the 21 examples of split train");
  }

  @Test
  void smallEvaluationSaysWhenItResizesAndLargeOneHasNothingToSay() {
    assertThat(notice(Storage.STREAMED, 12))
        .get(STRING)
        .contains("13 x 9 pixels are resized to 12");
    assertThat(notice(Storage.FILES, 48)).isEmpty();
    Split square =
        new Split(
            "test",
            1,
            ImmutableList.of("only"),
            new Records.InMemory(
                List.of(TestImages.png(12, 12)),
                ImmutableLongArray.of(0),
                new Encoding.Compressed()));
    try (InputPipeline pipeline = InputPipeline.evaluation(square, config(Storage.ENCODED))) {
      assertThat(pipeline.notice()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ENCODED", "FILES", "STREAMED"})
  void anUndecodableImageIsNamed(Storage storage) {
    List<byte[]> images = new ArrayList<>(encoded());
    images.set(13, Arrays.copyOf(images.get(13), 30));
    Split split = split(storage, images, labels());
    String named =
        switch (storage) {
          case ENCODED -> "example 13 of memory, split train, cannot be decoded (";
          case FILES -> directory.resolve("13.png") + " cannot be decoded (";
          default -> directory.resolve("b") + ": record 6 cannot be decoded (";
        };
    for (InputPipeline pipeline :
        List.of(
            InputPipeline.training(split, config(storage), SEED),
            InputPipeline.evaluation(split, config(storage)))) {
      try (pipeline) {
        UserErrors.assertFails(ExitCode.DATA, () -> takeOrExplain(pipeline))
            .startsWith(named)
            .endsWith("), expected a PNG, JPEG, GIF or BMP image");
      }
    }
  }

  @Test
  void cachingFindsUndecodableImagesBeforeTheFirstStep() {
    List<byte[]> images = new ArrayList<>(encoded());
    images.set(20, new byte[] {1, 2, 3});
    Split split = split(Storage.ENCODED, images, labels());
    UserErrors.assertFails(
            ExitCode.DATA,
            () -> InputPipeline.training(split, config(Storage.ENCODED_CACHED), SEED).close())
        .startsWith("example 20 of memory, split train, cannot be decoded (");
  }

  @Test
  void aLabelOutOfRangeInAStreamIsNamed() {
    long[] labels = labels();
    labels[9] = EXAMPLES;
    Split split = split(Storage.STREAMED, encoded(), labels);
    try (InputPipeline pipeline = InputPipeline.evaluation(split, config(Storage.STREAMED))) {
      UserErrors.assertFails(ExitCode.DATA, () -> takeOrExplain(pipeline))
          .isEqualTo(directory.resolve("b") + ": record 2 has label 21, expected 0 to 20");
    }
  }

  @Test
  void aCorruptRecordInAStreamIsNamed() throws IOException {
    Split split = split(Storage.STREAMED);
    Path file = directory.resolve("b");
    byte[] bytes = Files.readAllBytes(file);
    int unread = TfdsWriter.example(encoded().get(0), 0).length + 16;
    bytes[bytes.length - unread - 9] ^= 1;
    Files.write(file, bytes);
    try (InputPipeline pipeline = InputPipeline.training(split, config(Storage.STREAMED), SEED)) {
      UserErrors.assertFails(ExitCode.DATA, () -> takeOrExplain(pipeline))
          .contains(file.toString())
          .contains("record 13");
    }
  }

  @Test
  void aFailureThatIsNotTheDatasStaysWhatItWas() {
    try (InputPipeline pipeline =
        InputPipeline.training(split(Storage.ENCODED), config(Storage.ENCODED), SEED)) {
      TensorFlowException failure = new TFOutOfRangeException("elsewhere");
      assertThat(pipeline.explain(failure, 3)).isSameAs(failure);
    }
  }

  @Test
  void aPipelineBelongsToOneGraphAndStartsBehindBuild() {
    try (InputPipeline pipeline =
            InputPipeline.training(split(Storage.PLANAR), config(Storage.PLANAR), SEED);
        Graph graph = new Graph();
        Session session = new Session(graph)) {
      assertThatThrownBy(() -> pipeline.start(session, 0))
          .isInstanceOf(IllegalStateException.class);
      pipeline.build(Ops.create(graph));
      assertThatThrownBy(() -> pipeline.build(Ops.create(graph)))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  private Optional<String> notice(Storage storage, int size) {
    RunConfig config = config(storage).with(Map.of("image_size", Integer.toString(size)));
    try (InputPipeline pipeline = InputPipeline.evaluation(split(storage), config)) {
      return pipeline.notice();
    }
  }

  private List<Taken> train(Storage storage, long seed, int threads, long first, int steps) {
    try (InputPipeline pipeline =
        InputPipeline.training(split(storage), config(storage), seed, threads)) {
      return take(pipeline, first, steps);
    }
  }

  private List<Taken> evaluate(Storage storage, int size) {
    RunConfig config = config(storage).with(Map.of("image_size", Integer.toString(size)));
    try (InputPipeline pipeline = InputPipeline.evaluation(split(storage), config)) {
      return take(pipeline, 0, Integer.MAX_VALUE);
    }
  }

  private static List<Taken> take(InputPipeline pipeline, long first, int steps) {
    List<Taken> batches = new ArrayList<>();
    try (Graph graph = new Graph()) {
      Batch batch = pipeline.build(Ops.create(graph));
      try (Session session = new Session(graph)) {
        pipeline.start(session, first);
        Session.Runner next = session.runner().fetch(batch.images()).fetch(batch.labels());
        for (int i = 0; i < steps; i++) {
          try (Result result = next.run()) {
            batches.add(taken((TFloat32) result.get(0), (TInt64) result.get(1)));
          } catch (TFOutOfRangeException end) {
            return batches;
          }
        }
      }
    }
    return batches;
  }

  private static void takeOrExplain(InputPipeline pipeline) {
    try (Graph graph = new Graph()) {
      Batch batch = pipeline.build(Ops.create(graph));
      try (Session session = new Session(graph)) {
        pipeline.start(session, 0);
        for (int step = 0; step < 2 * EXAMPLES / BATCH; step++) {
          try {
            session.runner().addTarget(batch.images()).run().close();
          } catch (TensorFlowException | TFInvalidArgumentException e) {
            throw pipeline.explain(e, step);
          }
        }
      }
    }
  }

  private static Taken taken(TFloat32 images, TInt64 labels) {
    float[] values = new float[(int) images.size()];
    images.copyTo(NdArrays.wrap(images.shape(), DataBuffers.of(values)));
    return new Taken(
        images.shape(), Floats.asList(values), Longs.asList(StdArrays.array1dCopyOf(labels)));
  }

  private static float[] brightness(List<Taken> batches) {
    List<Float> first = new ArrayList<>();
    for (Taken batch : batches) {
      int size = batch.images().size() / batch.labels().size();
      for (int i = 0; i < batch.labels().size(); i++) {
        first.add(batch.images().get(i * size));
      }
    }
    return Floats.toArray(first);
  }

  private static float[] expectedBrightness() {
    float[] expected = new float[EXAMPLES];
    for (int i = 0; i < EXAMPLES; i++) {
      expected[i] = red(i) * (1f / 255);
    }
    return expected;
  }

  private static RunConfig config(Storage storage) {
    return RunConfig.of(
        Map.of(
            "image_size", "12",
            "train_batch_size", Integer.toString(BATCH),
            "eval_batch_size", "8",
            "color_jitter_strength", "0.5",
            "cache_dataset", Boolean.toString(storage.cached())));
  }

  private Split split(Storage storage) {
    return split(storage, encoded(), labels());
  }

  private Split split(Storage storage, List<byte[]> encoded, long[] labels) {
    ImmutableLongArray classes = ImmutableLongArray.copyOf(labels);
    Records records =
        switch (storage) {
          case ENCODED, ENCODED_CACHED ->
              new Records.InMemory(encoded, classes, new Encoding.Compressed());
          case INTERLEAVED ->
              new Records.InMemory(raw(false), classes, new Encoding.Raw(9, 13, false));
          case PLANAR -> new Records.InMemory(raw(true), classes, new Encoding.Raw(9, 13, true));
          case FILES, FILES_CACHED -> new Records.ImageFiles(files(encoded), classes);
          case STREAMED, STREAMED_CACHED -> shards(encoded, labels);
        };
    ImmutableList<String> names =
        IntStream.range(0, EXAMPLES)
            .mapToObj(Integer::toString)
            .collect(ImmutableList.toImmutableList());
    return new Split("train", EXAMPLES, names, records);
  }

  /** Two files, of which the second has a stretch left out at either end. */
  private Records.Shards shards(List<byte[]> encoded, long[] labels) {
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < EXAMPLES; i++) {
      all.add(TfdsWriter.example(encoded.get(i), labels[i]));
    }
    byte[] left = TfdsWriter.example(encoded.get(0), 0);
    List<byte[]> second = new ArrayList<>(all.subList(8, EXAMPLES));
    second.add(0, left);
    second.add(left);
    Path a = directory.resolve("a");
    Path b = directory.resolve("b");
    TfdsWriter.write(a, TfdsWriter.records(all.subList(0, 8)));
    TfdsWriter.write(b, TfdsWriter.records(second));
    return new Records.Shards(
        List.of(
            new Records.Shards.Part(a, 8, 0, 8),
            new Records.Shards.Part(b, second.size(), 1, second.size() - 1)),
        "image",
        Optional.of("label"));
  }

  private List<Path> files(List<byte[]> encoded) {
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < EXAMPLES; i++) {
      files.add(directory.resolve(i + ".png"));
      TfdsWriter.write(files.get(i), encoded.get(i));
    }
    return files;
  }

  private static long[] labels() {
    return LongStream.range(0, EXAMPLES).toArray();
  }

  private static int red(int example) {
    return 10 * example + 5;
  }

  /** PNG of one colour, 13 pixels wide and 9 high. */
  private static List<byte[]> encoded() {
    return IntStream.range(0, EXAMPLES).mapToObj(InputPipelineTest::png).toList();
  }

  private static List<byte[]> raw(boolean planar) {
    return IntStream.range(0, EXAMPLES).mapToObj(i -> raw(i, planar)).toList();
  }

  private static byte[] png(int example) {
    BufferedImage image = new BufferedImage(13, 9, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 9; y++) {
      for (int x = 0; x < 13; x++) {
        image.setRGB(x, y, new Color(red(example), 2 * example, 255 - example).getRGB());
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** The same pixels, bare. */
  private static byte[] raw(int example, boolean planar) {
    int[] colour = {red(example), 2 * example, 255 - example};
    byte[] bytes = new byte[9 * 13 * 3];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) colour[planar ? i / (9 * 13) : i % 3];
    }
    return bytes;
  }
}
