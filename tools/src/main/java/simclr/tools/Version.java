package simclr.tools;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** What was built: the build writes it into {@code version.properties}. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    Properties built = properties();
    return new String[] {
      "simclr " + built.getProperty("version"),
      String.format(
          Locale.ROOT,
          "TensorFlow-Java %s (%s), Java %s",
          built.getProperty("tensorflow"),
          built.getProperty("tensorflow.native"),
          Runtime.version())
    };
  }

  /** The platform whose native TensorFlow the build holds, for example {@code linux-x86_64}. */
  static String nativePlatform() {
    return properties().getProperty("tensorflow.native", "");
  }

  private static Properties properties() {
    Properties built = new Properties();
    try (InputStream file = Version.class.getResourceAsStream("version.properties")) {
      built.load(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return built;
  }
}
