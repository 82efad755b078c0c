package simclr.data.records;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.LongFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;
import simclr.config.UserException;
import simclr.data.image.EncodedImages;
import simclr.data.image.Encoding;
import simclr.data.image.ImageDecoding;

/**
 * Images of which each is made of one string: its encoded bytes, the path of its file, or its
 * pixels.
 *
 * @param strings shape (examples,)
 * @param labels shape (examples,)
 * @param decoding from a string, a scalar, to pixels
 * @param names what the user knows an example by
 */
public record ImageReader(
    TString strings,
    TInt64 labels,
    BiFunction<Ops, Operand<TString>, Operand<TUint8>> decoding,
    LongFunction<String> names)
    implements ExampleReader {

  /** Copies encoded bytes into native memory. */
  static ImageReader of(Split split, Records.InMemory records) {
    return new ImageReader(
        TString.tensorOfBytes(NdArrays.vectorOfObjects(records.images().toArray(byte[][]::new))),
        TInt64.vectorOf(records.labels().toArray()),
        (tf, bytes) -> ImageDecoding.decode(tf, bytes, records.encoding()),
        index ->
            String.format(
                Locale.ROOT, "example %s of %s, split %s,", index, split.source(), split.name()));
  }

  /** Leaves images in their files. */
  static ImageReader of(Records.ImageFiles records) {
    String[] paths = records.files().stream().map(Path::toString).toArray(String[]::new);
    return new ImageReader(
        TString.vectorOf(paths),
        TInt64.vectorOf(records.labels().toArray()),
        (tf, path) -> ImageDecoding.decode(tf, tf.io.readFile(path), new Encoding.Compressed()),
        index -> paths[Math.toIntExact(index)]);
  }

  @Override
  public ImmutableList<TType> tensors() {
    return ImmutableList.of(strings, labels);
  }

  @Override
  public Decoded read(Ops tf, Operand<TInt64> index, List<Operand<?>> captured) {
    Operand<TInt64> axis = tf.constant(0L);
    Operand<TString> string =
        tf.gather(captured.get(0).asOutput().expect(TString.class), index, axis);
    Operand<TInt64> label = tf.gather(captured.get(1).asOutput().expect(TInt64.class), index, axis);
    return new Decoded(decoding.apply(tf, string), label);
  }

  @Override
  public String name(long index) {
    return names.apply(index);
  }

  @Override
  public UserException broken(long index, RuntimeException failure) {
    return EncodedImages.undecodable(names.apply(index), failure);
  }

  @Override
  public void close() {
    strings.close();
    labels.close();
  }
}
