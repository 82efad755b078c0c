package simclr.checkpoint.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static simclr.checkpoint.bundle.TableBytes.floats;
import static simclr.checkpoint.bundle.TableBytes.handle;
import static simclr.checkpoint.bundle.TableBytes.table;
import static simclr.checkpoint.bundle.TableBytes.utf8;

import java.util.Collections;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.BundleHeaderProto;
import org.tensorflow.proto.BundleHeaderProto.Endianness;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.proto.TensorSliceProto;
import org.tensorflow.proto.VersionDef;
import simclr.checkpoint.bundle.TableBytes.Block;

/** Indexes with right checksums and wrong content: each is one sentence. */
final class BundleIndexTest {
  private static final byte[] ENTRY = floats(4).build().toByteArray();
  private static final byte[] SCALAR = floats().setOffset(16).build().toByteArray();

  @Test
  void tensorsAreListedInOrderAcrossBlocks() throws DamagedException {
    byte[] first =
        new Block()
            .row("", header(2))
            .row("layer/bias", ENTRY)
            .entry(6, 6, SCALAR.length, utf8("kernel"), SCALAR)
            .bytes();
    byte[] second =
        new Block().row("z", floats(2, 3).setShardId(1).setCrc32C(7).build().toByteArray()).bytes();
    BundleIndex index =
        BundleIndex.parse(new TableBytes().block(first, "m").block(second, "z").finish());
    assertThat(index.shards()).isEqualTo(2);
    assertThat(index.entries())
        .containsExactly(
            new BundleEntry("layer/bias", DataType.DT_FLOAT, Shape.of(4), 0, 0, 16, 0),
            new BundleEntry("layer/kernel", DataType.DT_FLOAT, Shape.of(), 0, 16, 4, 0),
            new BundleEntry("z", DataType.DT_FLOAT, Shape.of(2, 3), 1, 0, 24, 7));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"entries", "headers", "keys", "blocks", "handles"})
  void wrongContentIsRefused(String fault, byte[] index, String message) {
    assertThatThrownBy(() -> BundleIndex.parse(index))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining(message);
  }

  static Stream<Arguments> entries() {
    return Stream.of(
        arguments(
            "bad proto",
            table(rows().row("w", new byte[] {(byte) 0xFF}).bytes()),
            "w cannot be parsed"),
        arguments("empty entry", table(rows().row("w", new byte[0]).bytes()), "of type DT_INVALID"),
        arguments("unknown type", TableBytes.of("w", floats(4).setDtypeValue(99)), "of type 99"),
        arguments("negative type", TableBytes.of("w", floats(4).setDtypeValue(-1)), "of type -1"),
        arguments(
            "reference",
            TableBytes.of("w", floats(4).setDtype(DataType.DT_FLOAT_REF)),
            "DT_FLOAT_REF"),
        arguments(
            "resource",
            TableBytes.of("w", floats(4).setDtype(DataType.DT_RESOURCE)),
            "DT_RESOURCE"),
        arguments(
            "negative dimension",
            TableBytes.of("w", floats(-4).setSize(16)),
            "w has a dimension of -4"),
        arguments(
            "smallest dimension", TableBytes.of("w", floats(Long.MIN_VALUE)), "has a dimension of"),
        arguments("two negative", TableBytes.of("w", floats(-2, -2)), "has a dimension of -2"),
        arguments(
            "overflow",
            TableBytes.of("w", floats(1L << 32, 1L << 32).setSize(0)),
            "more elements than 2^63"),
        arguments(
            "bytes overflow",
            TableBytes.of("w", floats(1L << 62).setSize(0)),
            "elements in 0 bytes"),
        arguments(
            "overflow before zero",
            TableBytes.of("w", floats(1L << 40, 1L << 40, 0)),
            "more elements"),
        arguments("rank 255", TableBytes.of("w", floats(ones(255))), "has 255 dimensions"),
        arguments("no rank", TableBytes.of("w", floats(4).setShape(unknownRank())), "has no shape"),
        arguments(
            "size for another shape",
            TableBytes.of("w", floats(4).setSize(20)),
            "4 elements in 20 bytes"),
        arguments(
            "size not of whole elements", TableBytes.of("w", floats(4).setSize(17)), "in 17 bytes"),
        arguments(
            "huge string count",
            TableBytes.of("w", floats(1L << 50).setDtype(DataType.DT_STRING).setSize(9)),
            "in 9 bytes"),
        arguments(
            "negative size", TableBytes.of("w", floats(4).setSize(-16)), "-16 bytes at offset 0"),
        arguments("negative offset", TableBytes.of("w", floats(4).setOffset(-1)), "at offset -1"),
        arguments(
            "end overflows",
            TableBytes.of("w", floats(4).setOffset(Long.MAX_VALUE - 8)),
            "at offset 9223"),
        arguments(
            "negative shard", TableBytes.of("w", floats(4).setShardId(-1)), "data file -1 of 1"),
        arguments("shard beyond", TableBytes.of("w", floats(4).setShardId(1)), "data file 1 of 1"),
        arguments(
            "slices",
            TableBytes.of("w", floats(4).addSlices(TensorSliceProto.getDefaultInstance())),
            "in slices"),
        arguments(
            "overlap",
            table(rows().row("v", ENTRY).row("w", ENTRY).bytes()),
            "w overlaps tensor v"));
  }

  static Stream<Arguments> headers() {
    BundleHeaderProto.Builder header = BundleHeaderProto.newBuilder().setNumShards(1);
    return Stream.of(
        arguments("no rows", table(new Block().bytes()), "has no header"),
        arguments("no header", table(new Block().row("w", ENTRY).bytes()), "has no header"),
        arguments("bad header", header(new byte[] {(byte) 0xFF}), "header cannot be parsed"),
        arguments("no files", header(header(0)), "claims 0 data files"),
        arguments("negative files", header(header(-5)), "claims -5 data files"),
        arguments(
            "big endian",
            header(header.clone().setEndianness(Endianness.BIG).build().toByteArray()),
            "another byte order"),
        arguments(
            "newer reader",
            header(version(VersionDef.newBuilder().setMinConsumer(2))),
            "a reader of version 2, this is 1"),
        arguments(
            "bad reader",
            header(version(VersionDef.newBuilder().addBadConsumers(1))),
            "asks for a reader"),
        arguments(
            "negative producer",
            header(version(VersionDef.newBuilder().setProducer(-1))),
            "asks for a reader"));
  }

  static Stream<Arguments> keys() {
    byte[] notUtf8 = {'w', (byte) 0xC3, '('};
    byte[] surrogate = {(byte) 0xED, (byte) 0xA0, (byte) 0x80};
    return Stream.of(
        arguments(
            "zero byte", TableBytes.of("a\0b", floats(4)), "the name a\\u0000b has a zero byte"),
        arguments("not UTF-8", table(rows().row(notUtf8, ENTRY).bytes()), "is not UTF-8"),
        arguments("surrogate", table(rows().row(surrogate, ENTRY).bytes()), "is not UTF-8"),
        arguments("twice", table(rows().row("w", ENTRY).row("w", ENTRY).bytes()), "not in order"),
        arguments(
            "not in order", table(rows().row("w", ENTRY).row("v", SCALAR).bytes()), "not in order"),
        arguments("two headers", table(rows().row("", header(1)).bytes()), "not in order"),
        arguments(
            "not in order across blocks",
            new TableBytes()
                .block(rows().row("w", ENTRY).bytes(), "w")
                .block(new Block().row("v", SCALAR).bytes(), "x")
                .finish(),
            "not in order"),
        arguments(
            "beyond its block",
            new TableBytes().block(rows().row("w", ENTRY).bytes(), "v").finish(),
            "in the wrong block"),
        arguments("long", TableBytes.of("w".repeat(9000), floats(4)), "more than 8192 bytes"));
  }

  static Stream<Arguments> blocks() {
    return Stream.of(
        arguments(
            "shares more than there is",
            table(rows().row("w", ENTRY).entry(2, 1, 0, utf8("x"), new byte[0]).bytes()),
            "shares 2 bytes with a key of 1"),
        arguments(
            "shares at a restart",
            table(new Block().entry(1, 1, 0, utf8("x"), new byte[0]).bytes()),
            "shares 1 bytes with a key of 0"),
        arguments(
            "key past the end",
            table(rows().entry(0, 5000, 0, utf8("w"), new byte[0]).bytes()),
            "reaches past the end"),
        arguments(
            "value past the end",
            table(rows().entry(0, 1, 5000, utf8("w"), new byte[0]).bytes()),
            "reaches past the end"),
        arguments(
            "huge length",
            table(rows().entry(0, 1, 0xFFFFFFFFL, utf8("w"), new byte[0]).bytes()),
            "a length of 4294967295"),
        arguments(
            "endless number",
            table(rows().raw(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80).bytes()),
            "does not end"),
        arguments("number at the end", table(rows().raw(0x80).bytes()), "ends early"),
        arguments("no restarts", table(rows().bytes(0)), "claims 0 restarts"),
        arguments("many restarts", table(rows().bytes(1 << 30)), "claims 1073741824 restarts"),
        arguments("negative restarts", table(rows().bytes(-1)), "claims 4294967295 restarts"),
        arguments(
            "restart past the end", table(rows().restarts(0, 4000).bytes()), "not at an entry"),
        arguments("negative restart", table(rows().restarts(0, -1).bytes()), "not at an entry"),
        arguments("restart in an entry", table(rows().restarts(0, 2).bytes()), "not at an entry"),
        arguments("restart twice", table(rows().restarts(0, 0).bytes()), "not at an entry"),
        arguments(
            "first restart", table(rows().restarts(1).bytes()), "does not start with a restart"),
        arguments("tiny", table(new byte[4]), "has only 4 bytes"),
        arguments("nothing", table(new byte[0]), "has only 0 bytes"),
        arguments("compressed", compressed(), "is compressed"));
  }

  static Stream<Arguments> handles() {
    byte[] block = rows().row("w", ENTRY).bytes();
    byte[] separator = utf8("x");
    byte[] good = handle(0, block.length);
    return Stream.of(
        arguments("huge block", footer(handle(0, 1L << 40)), "of 1099511627776 bytes"),
        arguments("huge offset", footer(handle(1L << 62, 8)), "reaches past the end"),
        arguments("sum overflows", footer(handle(Long.MAX_VALUE, Long.MAX_VALUE)), "past the end"),
        arguments("negative", footer(handle(-1, -1)), "the footer has a number of"),
        arguments(
            "huge data block",
            new TableBytes().block(block, separator, handle(0, 1L << 40)).finish(),
            "of 1099511627776 bytes"),
        arguments(
            "block elsewhere",
            new TableBytes().block(block, separator, handle(1, block.length)).finish(),
            "a block is at offset 1, not 0"),
        arguments(
            "block twice",
            new TableBytes().block(block, separator, good).block(block, utf8("y"), good).finish(),
            "a block is at offset 0, not"),
        arguments(
            "handle cut",
            new TableBytes().block(block, separator, new byte[0]).finish(),
            "ends early"),
        arguments(
            "handle with more",
            new TableBytes()
                .block(block, separator, new byte[] {0, (byte) block.length, 0})
                .finish(),
            "followed by other bytes"),
        arguments("block that nobody lists", unlisted(), "its metadata are at offset"),
        arguments("empty file", new byte[0], "has 0 bytes, fewer than"),
        arguments("zeros", new byte[100], "its end is not that of a checkpoint's index"));
  }

  /** A block with a header, to which rows are added. */
  private static Block rows() {
    return new Block().row("", header(1));
  }

  private static byte[] header(byte[] header) {
    return table(new Block().row("", header).row("w", ENTRY).bytes());
  }

  private static byte[] header(int shards) {
    return TableBytes.header(shards);
  }

  private static byte[] version(VersionDef.Builder version) {
    return BundleHeaderProto.newBuilder().setNumShards(1).setVersion(version).build().toByteArray();
  }

  private static TensorShapeProto unknownRank() {
    return TensorShapeProto.newBuilder().setUnknownRank(true).build();
  }

  private static long[] ones(int rank) {
    return Collections.nCopies(rank, 1L).stream().mapToLong(Long::longValue).toArray();
  }

  private static byte[] footer(byte[] index) {
    return new TableBytes().block(rows().row("w", ENTRY).bytes(), "x").finish(handle(0, 8), index);
  }

  private static byte[] unlisted() {
    TableBytes table = new TableBytes().block(rows().row("w", ENTRY).bytes(), "x");
    table.write(new Block().bytes(), 0);
    return table.finish();
  }

  private static byte[] compressed() {
    TableBytes table = new TableBytes();
    byte[] block = new Block().row("x", handle(0, 8)).bytes();
    table.write(block, 1);
    return table.finish(handle(0, block.length), handle(0, block.length));
  }
}
