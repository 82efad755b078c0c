package simclr.tools;

import com.google.common.base.Throwables;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import simclr.config.UserException.ExitCode;

/**
 * Why TensorFlow's native library could not be loaded. JavaCPP unpacks it from its jar into a cache
 * directory on first use.
 */
record NativeLibrary(ExitCode exitCode, String sentence) {
  private static final String CACHE = "org.bytedeco.javacpp.cachedir";
  private static final String RESOURCES = "org/tensorflow/internal/c_api/";
  private static final Pattern LIBRARY_NOT_FOUND =
      Pattern.compile(" (\\S+): cannot open shared object file");

  /** What an error says about the library; empty if it is another error. */
  static Optional<NativeLibrary> problem(Throwable error) {
    return Throwables.getCausalChain(error).stream()
        .filter(UnsatisfiedLinkError.class::isInstance)
        .reduce((outer, inner) -> inner)
        .map(NativeLibrary::of);
  }

  private static NativeLibrary of(Throwable error) {
    String why = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
    return isInTheJar("libjnitensorflow.so") && !isOfAnotherSystem(why)
        ? new NativeLibrary(
            ExitCode.CANNOT_WRITE,
            String.format(
                    Locale.ROOT,
                    "TensorFlow's native library cannot be unpacked into %s or loaded from there (%s),",
                    cacheDirectory(),
                    why)
                + " expected 690 MB of room in a directory whose files may be executed; -D"
                + CACHE
                + "=DIR in SIMCLR_JAVA_OPTS names another one")
        : new NativeLibrary(
            ExitCode.INTERNAL,
            String.format(
                    Locale.ROOT,
                    "TensorFlow's native library cannot be loaded here (%s; %s %s), expected the platform",
                    why,
                    System.getProperty("os.name"),
                    System.getProperty("os.arch"))
                + " it was built for: "
                + Version.nativePlatform());
  }

  /** Whether the file is whole and asks for what this machine does not have. */
  private static boolean isOfAnotherSystem(String why) {
    Matcher library = LIBRARY_NOT_FOUND.matcher(why);
    return library.find()
        ? !isInTheJar(library.group(1))
        : why.contains("GLIBC") || why.contains("wrong ELF class");
  }

  private static boolean isInTheJar(String library) {
    String platform = Loader.getPlatform().toLowerCase(Locale.ROOT);
    ClassLoader loader = NativeLibrary.class.getClassLoader();
    return loader.getResource(RESOURCES + platform + "/" + library) != null
        || loader.getResource(RESOURCES + platform + "-gpu/" + library) != null;
  }

  private static String cacheDirectory() {
    try {
      return Loader.getCacheDir().toString();
    } catch (IOException e) {
      // None of those that it tries could be made; this one comes first.
      return System.getProperty(CACHE, System.getProperty("user.home") + "/.javacpp/cache");
    }
  }
}
