package simclr.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PythonJsonTest {

  /**
   * Printed by Python 3 as {@code repr(x)}: random ones, float32 widened, powers of two, limits.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "3.238327648331624e-05",
        "3.948234964231735e-08",
        "72436286.66754276",
        "941300419.3968256",
        "5799892.47747068",
        "2.1469818083566171e-07",
        "4.3364568366238583e-07",
        "240663000.127025",
        "4.24519189142514e+17",
        "0.05654536941930797",
        "6306259157.317371",
        "9477089424.570057",
        "5.8554142264038674e-08",
        "9.7625510559292e-08",
        "5.5666489793709265e-05",
        "2.8960928633167627e-05",
        "5406858855.3214245",
        "3.0848182410193434e+17",
        "6.820026947612046e-06",
        "581600163662.4663",
        "1.8787102678714353e-06",
        "5.477444657095578e-07",
        "56436829313.33867",
        "2059587128193.2654",
        "0.5317202210426331",
        "0.7772287726402283",
        "0.4656018614768982",
        "0.9234414100646973",
        "0.36158236861228943",
        "0.24842658638954163",
        "0.17976674437522888",
        "0.7798296213150024",
        "5e-324",
        "2.2250738585072014e-308",
        "5.684341886080802e-14",
        "9.5367431640625e-07",
        "6.103515625e-05",
        "0.0001220703125",
        "9007199254740992.0",
        "1.8014398509481984e+16",
        "1.2676506002282294e+30",
        "8.98846567431158e+307",
        "1e+16",
        "9999999999999998.0",
        "1000000000000000.0",
        "1.2345678901234568e+17",
        "1e-05",
        "0.0001",
        "0.00012345",
        "1.7976931348623157e+308",
        "1e+22",
        "1e+23",
        "0.002",
        "1.0",
        "0.3",
        "1e-06",
        "-0.0",
        "-2.5",
        "312.0"
      })
  void numbersReadAsPythonPrintsThem(String python) {
    assertThat(PythonJson.number(Double.parseDouble(python))).isEqualTo(python);
  }

  @Test
  void everyNumberReadsBackAndNoShorterOneDoes() {
    Random random = new Random(11);
    for (int i = 0; i < 20_000; i++) {
      double x = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(x)) {
        String text = PythonJson.number(x);
        assertThat(Double.parseDouble(text)).isEqualTo(x);
        assertThat(digits(text)).as(text).isLessThanOrEqualTo(digits(Double.toString(x)));
      }
    }
  }

  @Test
  void specialNumbersAreThoseOfPython() {
    assertThat(PythonJson.number(Double.NaN)).isEqualTo("NaN");
    assertThat(PythonJson.number(Double.POSITIVE_INFINITY)).isEqualTo("Infinity");
    assertThat(PythonJson.number(Double.NEGATIVE_INFINITY)).isEqualTo("-Infinity");
  }

  @Test
  void objectsAreOneLineInTheirOrder() {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("learning_rate", 1.0);
    members.put("train_batch_size", 64);
    members.put("seed", 5_000_000_000L);
    members.put("use_blur", false);
    members.put("checkpoint", null);
    members.put("data_dir", "a \"b\" \\ é\n");
    assertThat(PythonJson.object(members))
        .isEqualTo(
            "{\"learning_rate\": 1.0, \"train_batch_size\": 64, \"seed\": 5000000000,"
                + " \"use_blur\": false, \"checkpoint\": null,"
                + " \"data_dir\": \"a \\\"b\\\" \\\\ \\u00e9\\n\"}");
  }

  private static int digits(String number) {
    return new BigDecimal(number).stripTrailingZeros().precision();
  }
}
