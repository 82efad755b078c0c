package simclr.tools.mutants;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Changes a field of a protocol buffer of any kind; the lengths around it are right again. */
public final class Protos {
  private static final int DEEPEST = 12;

  private Protos() {}

  /** A changed copy; one in four is changed as plain bytes. */
  public static byte[] mutate(byte[] whole, SplittableRandom random) {
    if (random.nextInt(4) == 0) {
      return Bytes.mutate(whole, random);
    }
    byte[] mutant = message(whole, random, 0);
    return random.nextInt(4) == 0 ? message(mutant, random, 0) : mutant;
  }

  private static byte[] message(byte[] message, SplittableRandom random, int depth) {
    UnknownFieldSet fields;
    try {
      fields = UnknownFieldSet.parseFrom(message);
    } catch (InvalidProtocolBufferException e) {
      return Bytes.mutate(message, random);
    }
    if (fields.asMap().isEmpty()) {
      return Bytes.mutate(message, random);
    }
    List<Integer> numbers = new ArrayList<>(fields.asMap().keySet());
    int number = numbers.get(random.nextInt(numbers.size()));
    Field field = fields.getField(number);
    UnknownFieldSet.Builder changed = fields.toBuilder();
    switch (random.nextInt(12)) {
      case 0 -> changed.clearField(number);
      case 1 -> changed.clearField(number).addField(1 + random.nextInt(20), field);
      case 2 -> {
        for (int i = 0; i < 1 << random.nextInt(9); i++) {
          changed.mergeField(number, field);
        }
      }
      case 3 -> changed.addField(number, nested(message, number, 1 + random.nextInt(300)));
      default -> changed.addField(number, changed(field, random, depth));
    }
    return changed.build().toByteArray();
  }

  /** One value of a field is another. */
  private static Field changed(Field field, SplittableRandom random, int depth) {
    Field.Builder changed = Field.newBuilder();
    int values =
        field.getVarintList().size()
            + field.getFixed32List().size()
            + field.getFixed64List().size()
            + field.getLengthDelimitedList().size();
    int chosen = values == 0 ? 0 : random.nextInt(values);
    int at = 0;
    for (long value : field.getVarintList()) {
      changed.addVarint(at++ == chosen ? Bytes.edge(random) : value);
    }
    for (int value : field.getFixed32List()) {
      changed.addFixed32(at++ == chosen ? (int) Bytes.edge(random) : value);
    }
    for (long value : field.getFixed64List()) {
      changed.addFixed64(at++ == chosen ? Bytes.edge(random) : value);
    }
    for (ByteString value : field.getLengthDelimitedList()) {
      changed.addLengthDelimited(at++ == chosen ? changed(value, random, depth) : value);
    }
    return changed.build();
  }

  private static ByteString changed(ByteString value, SplittableRandom random, int depth) {
    byte[] bytes = value.toByteArray();
    if (depth < DEEPEST && random.nextInt(5) != 0) {
      return ByteString.copyFrom(message(bytes, random, depth + 1));
    }
    return switch (random.nextInt(3)) {
      case 0 -> ByteString.copyFromUtf8(Texts.word(random));
      case 1 -> ByteString.EMPTY;
      default -> ByteString.copyFrom(Bytes.mutate(bytes, random));
    };
  }

  private static Field nested(byte[] message, int number, int depth) {
    ByteString inner = ByteString.copyFrom(message);
    for (int i = 0; i < depth; i++) {
      inner =
          UnknownFieldSet.newBuilder()
              .addField(number, Field.newBuilder().addLengthDelimited(inner).build())
              .build()
              .toByteString();
    }
    return Field.newBuilder().addLengthDelimited(inner).build();
  }
}
