package simclr.export.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.base.Splitter;
import com.sun.net.httpserver.Headers;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** Which requests may have come from the page of another site. */
final class AllowedHostsTest {
  private static final AllowedHosts HOSTS =
      new AllowedHosts(List.of("model.example", "Other.Example."));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "localhost:8501",
        "LocalHost:1",
        "localhost.:8501",
        "localhost:",
        "127.0.0.1",
        "127.0.0.1:65535",
        "127.0.0.1.:8501",
        "127.8.9.1:8501",
        "[::1]",
        "[::1]:8501",
        "[0:0:0:0:0:0:0:1]:8501",
        "[::ffff:127.0.0.1]:8501",
        "model.example",
        "MODEL.example.:443",
        "other.example:80",
      })
  void loopbackNamesAndThoseListedAreAnswered(String host) {
    assertThatCode(() -> require("/v1/models/simclr", "Host: " + host)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "evil.com",
        "evil.com:8501",
        "localhost.evil.com",
        "localhost.evil.com:8501",
        "127.0.0.1.evil.com",
        "evil-localhost",
        "notlocalhost",
        "localhost@evil.com",
        "evil.com@localhost",
        "evil.com#localhost",
        "evil.com/localhost",
        "evil.com, localhost",
        "localhost, evil.com",
        "localhost evil.com",
        "localhost..",
        ".localhost",
        "localhost:8501:8501",
        "localhost:port",
        "localhost:123456",
        "localhost:-1",
        "http://localhost",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "128.0.0.1",
        "192.168.0.1",
        "::1",
        "[::]",
        "[::2]",
        "[::1",
        "::1]",
        "[127.0.0.1]",
        "[fe80::1%lo]",
        "[::ffff:10.0.0.1]",
        "sub.model.example",
        "model.example.evil.com",
        "modelxexample",
        "locａlhost",
        "localhoſt",
      })
  void everyOtherNameIsForbidden(String host) {
    assertForbidden("Host is \"" + host + "\", expected localhost", "/", "Host: " + host);
  }

  @Test
  void oneHostHeaderIsNeeded() {
    assertForbidden("the request has 0 Host headers, expected one", "/v1/models/simclr");
    assertForbidden(
        "the request has 2 Host headers, expected one", "/", "Host: localhost", "Host: evil.com");
    assertForbidden(
        "the request has 2 Host headers, expected one", "/", "Host: localhost", "Host: localhost");
  }

  @Test
  void hostInTheAddressCountsToo() {
    assertThatCode(() -> require("http://127.0.0.1:8501/v1/models/simclr", "Host: localhost"))
        .doesNotThrowAnyException();
    assertForbidden(
        "the host in the address is \"evil.com\"", "http://evil.com/v1", "Host: localhost");
    assertForbidden(
        "the host in the address is \"localhost@evil.com\"",
        "http://localhost@evil.com/v1",
        "Host: localhost");
  }

  @ParameterizedTest
  @CsvSource({
    "localhost:8501, http://localhost:8501",
    "127.0.0.1:8501, http://localhost:8501",
    "localhost:8501, http://[::1]:8501",
    "localhost, http://localhost",
    "model.example, https://model.example",
    "model.example:444, HTTPS://Model.Example:444",
  })
  void pagesOfThisServerAreAnswered(String host, String origin) {
    assertThatCode(
            () -> require("/", "Host: " + host, "Origin: " + origin, "Sec-Fetch-Site: same-origin"))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "",
        "http://evil.com",
        "https://evil.com:8501",
        "http://localhost",
        "http://localhost:3000",
        "https://localhost",
        "http://localhost.evil.com:8501",
        "http://localhost:8501.evil.com",
        "http://localhost:8501@evil.com",
        "http://evil.com/http://localhost:8501",
        "http://localhost:8501 http://evil.com",
        "http://model.example:8501",
        "file://",
        "chrome-extension://abcdef",
        "localhost:8501",
      })
  void pagesOfOtherSitesAreForbidden(String origin) {
    assertForbidden("Origin is", "/", "Host: localhost:8501", "Origin: " + origin);
  }

  @Test
  void oneForeignOriginOfTwoIsEnough() {
    assertForbidden(
        "Origin is \"http://evil.com\"",
        "/",
        "Host: localhost:8501",
        "Origin: http://localhost:8501",
        "Origin: http://evil.com");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cross-site", "same-site", "Cross-Site", "anything"})
  void whatTheBrowserCallsAnotherSiteIsForbidden(String site) {
    assertForbidden("Sec-Fetch-Site is", "/", "Host: localhost:8501", "Sec-Fetch-Site: " + site);
  }

  @Test
  void addressTypedIntoTheBrowserIsAnswered() {
    assertThatCode(() -> require("/", "Host: localhost:8501", "Sec-Fetch-Site: none"))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "http://a", "a:80", "a:", "*", "a/b", "[::1]:1"})
  void listedNameThatIsNoneIsAUsageError(String name) {
    assertThatThrownBy(() -> AllowedHosts.requireNames(List.of("good.example", name)))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.USAGE))
        .hasMessageStartingWith("--allowed_hosts has \"" + name + "\", expected names of hosts");
  }

  private static void assertForbidden(String message, String target, String... headers) {
    assertThatThrownBy(() -> require(target, headers))
        .isInstanceOfSatisfying(
            HttpError.class, refusal -> assertThat(refusal.status()).isEqualTo(403))
        .hasMessageStartingWith(message);
  }

  private static void require(String target, String... lines) {
    Headers headers = new Headers();
    for (String line : lines) {
      List<String> parts = Splitter.on(": ").limit(2).splitToList(line);
      headers.add(parts.get(0), parts.get(1));
    }
    HOSTS.require(headers, URI.create(target));
  }
}
