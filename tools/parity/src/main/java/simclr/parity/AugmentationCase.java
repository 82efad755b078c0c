package simclr.parity;

import com.google.common.collect.ImmutableList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;
import simclr.data.augment.Augmentation;
import simclr.data.augment.ColorJitter;
import simclr.data.augment.Crop;
import simclr.data.augment.EvaluationPreprocessing;
import simclr.model.BatchBlur;

/** Files {@code augment-*}: one operation on an image, or a whole preprocessing. */
final class AugmentationCase {
  private static final List<String> JITTER =
      ImmutableList.of("brightness", "contrast", "saturation", "hue");

  /** Adds an operation and names what it yields. */
  interface Operation extends Function<Ops, Map<String, Operand<? extends TType>>> {}

  private AugmentationCase() {}

  static void check(Fields golden, Checks checks) {
    Operation operation = operation(golden, checks);
    golden.checkOutputs(checks, golden.text("op") + ": ", OneOff.run(operation));
  }

  /** What a case asks for; its settings that need no graph are compared at once. */
  static Operation operation(Fields golden, Checks checks) {
    String op = golden.text("op");
    Fields params = golden.object("params");
    InputImage input = InputImage.read(golden.object("input"));
    Operation operation =
        switch (op) {
          case "convert_image_dtype" -> image(input::floats);
          case "brightness_mul" -> changed(input, params, "factor", ColorJitter::brightness);
          case "brightness_add" -> changed(input, params, "delta", ColorJitter::addBrightness);
          case "contrast" -> changed(input, params, "factor", ColorJitter::contrast);
          case "saturation" -> changed(input, params, "factor", ColorJitter::saturation);
          case "hue" -> changed(input, params, "delta", ColorJitter::hue);
          case "to_grayscale" -> image(tf -> ColorJitter.grayscale(tf, input.floats(tf)));
          case "flip_left_right" -> image(tf -> Augmentation.flip(tf, input.floats(tf)));
          case "clip" -> clip(input, params);
          case "color_jitter" -> jitter(golden, checks, input, params);
          case "crop_and_resize" -> crop(input, params);
          case "center_crop" -> centreCrop(input, params);
          case "preprocess_for_eval" -> evaluation(input, params, "crop");
          case "preprocess_image_eval" -> evaluation(input, params, "test_crop");
          case "gaussian_blur" -> blur(input, params);
          case "batch_random_blur" -> batchBlur(golden, checks, input, params);
          case "preprocess_image_train" -> TrainingView.read(golden, checks, input, params)::build;
          default -> throw golden.error("op is %s, which is not known", op);
        };
    params.done();
    return operation;
  }

  private static Operation image(Function<Ops, Operand<TFloat32>> build) {
    return tf -> Map.of("image", build.apply(tf));
  }

  private interface Change {
    Operand<TFloat32> apply(Ops tf, Operand<TFloat32> image, Operand<TFloat32> number);
  }

  private static Operation changed(InputImage input, Fields params, String name, Change change) {
    float number = params.number32(name);
    return image(tf -> change.apply(tf, input.floats(tf), tf.constant(number)));
  }

  private static Operation clip(InputImage input, Fields params) {
    float scale = params.number32("pre_scale");
    float offset = params.number32("pre_offset");
    return image(
        tf ->
            ColorJitter.clip(
                tf,
                tf.math.add(
                    tf.math.mul(input.floats(tf), tf.constant(scale)), tf.constant(offset))));
  }

  private static Operation jitter(Fields golden, Checks checks, InputImage input, Fields params) {
    ColorJitter.Ranges ranges = ColorJitter.Ranges.of(params.number32("strength"));
    Fields bounds = golden.object("bounds");
    for (int i = 0; i < JITTER.size(); i++) {
      List<Double> bound = bounds.numbers(JITTER.get(i));
      checks
          .of("bounds", golden.title() + " " + JITTER.get(i))
          .close("low", ranges.low().get(i), bound.get(0), 1e-6)
          .close("high", ranges.high().get(i), bound.get(1), 1e-6);
    }
    bounds.done();
    float[] factors = {
      params.number32("brightness_factor"),
      params.number32("contrast_factor"),
      params.number32("saturation_factor"),
      params.number32("hue_delta")
    };
    int[] order = params.ints("order");
    return image(
        tf -> ColorJitter.inOrder(tf, input.floats(tf), tf.constant(factors), tf.constant(order)));
  }

  private static Operation crop(InputImage input, Fields params) {
    int[] box = {params.count("y"), params.count("x"), params.count("h"), params.count("w")};
    int height = params.count("out_h");
    int width = params.count("out_w");
    return image(tf -> Crop.cropAndResize(tf, input.floats(tf), tf.constant(box), height, width));
  }

  private static Operation centreCrop(InputImage input, Fields params) {
    int height = params.count("out_h");
    int width = params.count("out_w");
    double proportion = params.number("proportion");
    return tf -> {
      Operand<TFloat32> image = input.floats(tf);
      Operand<TInt32> box = Crop.centralBox(tf, tf.shape(image), height, width, proportion);
      Map<String, Operand<? extends TType>> outputs = new LinkedHashMap<>();
      List<String> names = List.of("offset_y", "offset_x", "crop_h", "crop_w");
      for (int i = 0; i < names.size(); i++) {
        outputs.put(names.get(i), tf.gather(box, tf.constant(i), tf.constant(0)));
      }
      outputs.put(
          "image", EvaluationPreprocessing.centreCrop(tf, image, height, width, proportion));
      return outputs;
    };
  }

  private static Operation evaluation(InputImage input, Fields params, String cropFlag) {
    int height = params.count("height");
    int width = params.count("width");
    boolean crop = params.flag(cropFlag);
    return image(tf -> EvaluationPreprocessing.apply(tf, input.floats(tf), height, width, crop));
  }

  private static Operation blur(InputImage input, Fields params) {
    int size = params.count("kernel_size");
    float sigma = params.number32("sigma");
    return tf -> {
      Operand<TFloat32> batch = tf.expandDims(input.floats(tf), tf.constant(0));
      Operand<TFloat32> blurred = BatchBlur.gaussianBlur(tf, batch, size, tf.constant(sigma));
      return Map.of(
          "image", tf.squeeze(blurred, Squeeze.axis(0L)),
          "kernel", BatchBlur.kernel(tf, size, tf.constant(sigma)));
    };
  }

  private static Operation batchBlur(
      Fields golden, Checks checks, InputImage input, Fields params) {
    int size = params.count("kernel_size_argument");
    float sigma = params.number32("sigma");
    int[] selected = params.ints("selected");
    checks
        .of("kernel_size_argument", golden.title())
        .equal("kernel size", BatchBlur.kernelSize(params.count("height_argument")), size);
    return image(
        tf ->
            BatchBlur.apply(
                tf,
                input.floats(tf),
                size,
                tf.constant(sigma),
                tf.dtypes.cast(tf.constant(selected), TFloat32.class)));
  }
}
