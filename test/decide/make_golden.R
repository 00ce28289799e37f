# Golden values for src/decide: run `Rscript test/decide/make_golden.R > test/decide/golden.json`.
# Base R only; numbers are written with 15 digits.
number <- function(x) ifelse(is.infinite(x), ifelse(x > 0, '"Infinity"', '"-Infinity"'), sprintf("%.15g", x))
list_of <- function(x) sprintf("[%s]", paste(number(x), collapse = ","))
field <- function(name, x) sprintf('"%s":%s', name, if (length(x) == 1) number(x) else list_of(x))
row <- function(...) {
  fields <- list(...)
  sprintf("{%s}", paste(mapply(field, names(fields), fields), collapse = ","))
}
section <- function(name, rows) sprintf('"%s":[\n%s\n]', name, paste(rows, collapse = ",\n"))

# Theorem 1 is the one-sample t-test on the hits; t.test itself refuses 0 and all hits ("essentially constant")
theorem <- c()
for (K in c(2, 3, 10, 100)) for (m in c(2, 3, 10, 30, 1000)) for (confidence in c(0.95, 0.999)) {
  t <- qt(confidence, m - 1)
  f <- function(a) sqrt(m - 1) * (a - 1 / K) - t * sqrt(a - a^2)
  threshold <- uniroot(f, c(1 / K, 1 - 1e-15), tol = 1e-15, extendInt = "upX")$root
  accepted <- which(sapply((0:m) / m, f) > 0) - 1
  for (h in unique(c(0, 1, floor(m / 3), m - 1, m))) {
    if (h == 0 || h == m) {
      statistic <- if (h == 0) -Inf else Inf
      p <- if (h == 0) 1 else 0
    } else {
      test <- t.test(c(rep(1, h), rep(0, m - h)), mu = 1 / K, alternative = "greater")
      statistic <- unname(test$statistic)
      p <- pt(statistic, m - 1, lower.tail = FALSE)
    }
    theorem <- c(theorem, row(classes = K, queries = m, confidence = confidence, hits = h,
      threshold = threshold, smallest = min(accepted), statistic = statistic, pValue = p))
  }
}

student <- c()
for (df in c(1, 2, 3, 9, 29, 999, 1e5)) for (p in c(0.5, 0.6, 0.95, 0.999, 1 - 1e-9)) {
  student <- c(student, row(degrees = df, probability = p, quantile = qt(p, df)))
}

binomial <- c()
for (m in c(1, 3, 30, 1000, 1e6)) for (chance in c(1e-6, 0.01, 1 / 30, 0.5, 0.9)) for (alpha in c(0.05, 1e-6)) {
  for (h in unique(c(0, 1, floor(m * c(0.02, 0.2, 0.5)), m - 1, m))) {
    test <- binom.test(h, m, chance, alternative = "greater", conf.level = 1 - alpha)
    # beyond 1e-300 the library reports the bound 1e-300
    binomial <- c(binomial, row(queries = m, chance = chance, alpha = alpha, hits = h,
      pValue = max(test$p.value, 1e-300), lower = test$conf.int[1],
      two = as.numeric(binom.test(h, m, conf.level = 1 - alpha)$conf.int)))
  }
}

plan <- c()
for (chance in c(0.01, 0.1, 0.5)) for (alpha in c(0.05, 1e-6)) for (power in c(0.8, 0.99)) for (rate in c(0.2, 0.6, 0.9)) {
  if (rate <= chance) next
  hits <- function(m) qbinom(alpha, m, chance, lower.tail = FALSE) + 1
  achieved <- function(m) pbinom(hits(m) - 1, m, rate, lower.tail = FALSE)
  m <- 1
  while (achieved(m) < power) m <- m + 1
  plan <- c(plan, row(chance = chance, alpha = alpha, power = power, attackSuccessRate = rate,
    queries = m, hits = hits(m), achieved = achieved(m)))
}

# several pilot rates: power is the mean over them
pilots <- c()
for (rates in list(c(0.9, 0.6, 0.3), c(0.2, 0.2), c(1, 0.4, 0.15, 0.7, 0.05))) for (power in c(0.5, 0.75)) {
  hits <- function(m) qbinom(0.05, m, 0.1, lower.tail = FALSE) + 1
  achieved <- function(m) mean(pbinom(hits(m) - 1, m, rates, lower.tail = FALSE))
  m <- 1
  while (achieved(m) < power) m <- m + 1
  pilots <- c(pilots, row(chance = 0.1, alpha = 0.05, power = power, attackSuccessRate = rates,
    queries = m, hits = hits(m), achieved = achieved(m)))
}

# McNemar's test, exact and one-sided, is the binomial test of the discordant pairs
control <- c()
for (pairs in list(c(0, 0), c(1, 0), c(0, 1), c(5, 0), c(7, 3), c(3, 7), c(30, 2), c(400, 350), c(990, 0))) {
  p <- if (sum(pairs) == 0) 1 else binom.test(pairs[1], sum(pairs), 0.5, alternative = "greater")$p.value
  control <- c(control, row(gained = pairs[1], lost = pairs[2], pValue = p))
}

adjusted <- c()
for (p in list(0.3, c(0.01, 0.02, 0.03, 0.04), c(0.04, 0.001, 0.001, 0.9, 1, 0, 0.5), 10^-(1:12), rev(1:9) / 10)) {
  adjusted <- c(adjusted, sprintf('{"p":%s,"holm":%s,"bh":%s}', list_of(p), list_of(p.adjust(p, "holm")), list_of(p.adjust(p, "BH"))))
}

removal <- c()
for (m in c(1, 30, 1000)) for (limit in c(0.05, 0.2, 0.5)) for (h in unique(c(0, floor(m * c(0.02, 0.1)), m))) {
  test <- binom.test(h, m, limit, alternative = "less")
  removal <- c(removal, row(queries = m, hits = h, limit = limit, pValue = max(test$p.value, 1e-300), upper = test$conf.int[2]))
}

cat("{\n", paste(section("theorem", theorem), section("student", student), section("binomial", binomial), section("plan", plan),
  section("adjusted", adjusted), section("removal", removal), section("pilots", pilots),
  section("control", control), sep = ",\n"), "\n}\n", sep = "")
