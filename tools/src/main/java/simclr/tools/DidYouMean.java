package simclr.tools;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** The word that was probably meant. */
final class DidYouMean {

  private DidYouMean() {}

  /** The nearest candidate, unless even that one differs in more than a third of its letters. */
  static Optional<String> nearest(String word, Collection<String> candidates) {
    String typed = plain(word);
    return candidates.stream()
        .filter(candidate -> distance(typed, plain(candidate)) <= tolerated(candidate))
        .min(
            Comparator.comparingInt((String candidate) -> distance(typed, plain(candidate)))
                .thenComparing(Comparator.naturalOrder()));
  }

  /** {@code ", did you mean --temperature?"}, or nothing. */
  static String hint(String word, Collection<String> candidates) {
    return nearest(word, candidates).map(found -> ", did you mean " + found + "?").orElse("");
  }

  private static int tolerated(String candidate) {
    return Math.max(1, plain(candidate).length() / 3);
  }

  /** Kebab-case and capitals are no differences: {@code --Batch-Size} means --batch_size. */
  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
  }

  /** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int replaced = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + replaced);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
