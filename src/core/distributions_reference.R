# SPDX-License-Identifier: Apache-2.0
# Writes distributions_reference.inc: rows {function, {arguments}, value} for distributions_test.cc, as R
# computes them.
#
#   Rscript distributions_reference.R > distributions_reference.inc
options(digits = 17)
text <- function(x) {
  ifelse(is.nan(x), "kNaN", ifelse(x == Inf, "kInfinity", ifelse(x == -Inf, "-kInfinity", sprintf("%.17g", x))))
}
rows <- function(name, value, ...) {
  grid <- expand.grid(...)
  values <- do.call(value, unname(as.list(grid)))
  arguments <- apply(sapply(grid, text), 1, paste, collapse = ", ")
  if (nrow(grid) == 1) arguments <- paste(sapply(grid, text), collapse = ", ")
  keep <- values == 0 | abs(values) >= 2.3e-308
  cat(sprintf("{\"%s\", {%s}, %s},\n", name, arguments, text(values))[keep], sep = "")
}
cat("// SPDX-License-Identifier: Apache-2.0\n// Written by distributions_reference.R with", R.version.string, "\n")

z <- c(-37.5, -20, -8, -2.5, -1.959963984540054, -0.3, -1e-9, 0, 0.1, 0.7, 1, 1.96, 3, 5, 9, 20, 37.5)
rows("NormalUpperTail", function(z) pnorm(z, lower.tail = FALSE), z)
rows("NormalTwoSidedP", function(z) 2 * pnorm(-abs(z)), z)
rows("NormalQuantile", qnorm, c(1e-300, 1e-100, 1e-20, 1e-8, 0.001, 0.025, 0.05, 0.2, 0.45, 0.5, 0.75, 0.975, 0.995, 1 - 1e-9))

df <- c(0.5, 1, 2, 3, 4.7, 10, 30, 100, 1000, 12345.5, 1e6)
t <- c(-12, -1.3, 0, 1e-6, 0.2, 1, 2, 3.5, 8, 20, 38, 100, 1e4)
rows("StudentTTwoSidedP", function(t, df) 2 * pt(-abs(t), df), t, df)
rows("StudentTUpperTail", function(t, df) pt(t, df, lower.tail = FALSE), t, df)
rows("StudentTTwoSidedP", function(t, df) 2 * pt(-abs(t), df), c(0.5, 20), Inf)
rows("StudentTQuantile", qt, c(1e-8, 0.001, 0.025, 0.1, 0.4, 0.5, 0.7, 0.95, 0.975, 0.995, 0.9999), c(1, 2, 3, 4.7, 10, 30, 100, 1000, 1e6, Inf))

x <- c(-1, 0, 1e-10, 0.01, 0.5, 1, 3.84, 10, 50, 200, 1000, 1400)
rows("ChiSquaredUpperTail", function(x, df) pchisq(x, df, lower.tail = FALSE), x, c(0.3, 1, 2, 3, 7, 20, 150, 1000))
rows("ChiSquaredQuantile", qchisq, c(0, 1e-6, 0.025, 0.5, 0.95, 0.975, 0.9999, 1), c(1, 2, 3, 7, 20, 150, 1000))

f <- c(-1, 0, 1e-6, 0.1, 0.9, 1, 2, 4, 20, 150, 1e4)
rows("FUpperTail", function(f, a, b) pf(f, a, b, lower.tail = FALSE), f, c(1, 2, 5, 12.5, 100), c(1, 3, 10, 57, 1000))
rows("FUpperTail", function(f, a, b) pf(f, a, b, lower.tail = FALSE), c(0.5, 1, 3), c(4, Inf), c(9, Inf))

rows("GammaUpperTail", function(x, a) pgamma(x, a, lower.tail = FALSE), c(0, 0.01, 1, 5, 30, 300), c(0.1, 1, 4.5, 30, 250))
rows("GammaLowerTail", pgamma, c(0, 0.01, 1, 5, 30, 300), c(0.1, 1, 4.5, 30, 250))
rows("BetaLowerTail", pbeta, c(0, 1e-5, 0.01, 0.3, 0.5, 0.9, 0.999, 1), c(0.5, 1, 3, 40, 300), c(0.5, 2, 17, 250))
rows("BetaQuantile", qbeta, c(0.001, 0.025, 0.5, 0.975, 0.999), c(1, 3, 17.5, 60), c(1, 2, 17, 250))

k <- c(0, 1, 2, 5, 10, 15, 16, 20, 57, 100)
rows("LogPoissonDensity", function(k, m) dpois(k, m, log = TRUE), c(k, 1000, 123456), c(0, 1e-300, 1e-5, 0.3, 1, 4.2, 15.5, 100, 1010.1, 1e6))
rows("LogBinomialDensity", function(k, n, p) dbinom(k, n, p, log = TRUE), k, c(100, 130, 5000), c(0, 1e-200, 1e-8, 0.02, 0.3, 0.5, 0.77, 0.9999, 1))
rows("LogBinomialDensity", function(k, n, p) dbinom(k, n, p, log = TRUE), c(0, 1, 2), c(1, 2), c(0, 0.1, 0.5, 0.999, 1))
rows("LogGammaDensity", function(x, a, s) dgamma(x, a, scale = s, log = TRUE), c(0, 1e-9, 0.3, 1, 2.5, 17, 400, 1e5), c(0.2, 1, 1.5, 3, 12, 16, 200, 1e4), c(0.01, 1, 25))
