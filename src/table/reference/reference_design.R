# SPDX-License-Identifier: Apache-2.0
# Writes reference_design.csv, a small table with missing values and awkward levels, and
# reference_design.txt, the model matrix of many formulas over it as R has it.
#   Rscript reference_design.R
suppressWarnings(library(splines))
set.seed(20240611)
n <- 24
d <- data.frame(
  y = round(rnorm(n), 3), x = round(rnorm(n, 5, 2), 2), z = round(rexp(n), 6),
  g = factor(sample(c("a", "b", "c"), n, TRUE)), h = factor(sample(c("u", "v"), n, TRUE)),
  k = factor(sample(c("k1", "k2", "k4"), n, TRUE), levels = c("k1", "k2", "k3", "k4")),
  l = sample(c(TRUE, FALSE), n, TRUE), n = sample(c(4, 6, 8, 10), n, TRUE),
  `odd name` = round(runif(n), 2), check.names = FALSE)
d$k[5] <- "k3"; d$x[5] <- NA   # level k3 is in use in no complete case with x
d$g[9] <- NA; d$h[14] <- NA; d$z[20] <- NA; d$n[2] <- NA; d$l[17] <- NA; d$x[18] <- -1
write.table(d, "reference_design.csv", sep = ",", quote = FALSE, row.names = FALSE, na = "NA")
formulas <- c(
  "y ~ x", "y ~ x - 1", "y ~ 1", "y ~ g", "y ~ g - 1", "y ~ x + g - 1", "y ~ g + h", "y ~ g + h - 1", "y ~ g*h", "y ~ g*h - 1",
  "y ~ g:h", "y ~ g:h - 1", "y ~ g + g:h", "y ~ h:g + g", "y ~ g/h", "y ~ g*h - g", "y ~ g*h - g - h", "y ~ x*g", "y ~ x:g",
  "y ~ x:g - 1", "y ~ g:x + g", "y ~ x + x:g", "y ~ x*z", "y ~ x:z", "y ~ g*h*l", "y ~ (g + h + l)^2", "y ~ (g + h + x)^2 - g:h",
  "y ~ g:h:l", "y ~ g:h + g:l", "y ~ g:h + h:l + x:g:l", "y ~ x:g:h", "y ~ x*g*h", "y ~ l", "y ~ l - 1", "y ~ x:l", "y ~ k", "y ~ k + x",
  "y ~ k*x - 1", "y ~ k:g", "y ~ factor(n)", "y ~ factor(n) + x", "y ~ n + factor(n):h", "y ~ as.factor(n)*x", "y ~ I(x^2)", "y ~ x + I(x^2) + I(x^3)",
  "y ~ log(z)", "y ~ log(x)", "y ~ sqrt(z) + exp(-z) + abs(y - x) + log1p(z) + log2(z) + log10(z)", "y ~ I(x > 5)", "y ~ (x > 5) + z",
  "y ~ I(x > 5):g", "y ~ (x > 5) - 1", "y ~ I(g == \"b\")", "y ~ I((g == \"b\") * x)", "y ~ I(x/(z + 1) - 2^-z)", "y ~ poly(x, 2, raw = TRUE)",
  "y ~ poly(x, 1, raw = TRUE)", "y ~ poly(x, 3, raw = TRUE):g", "y ~ poly(log(z), 2, raw = T) + h", "y ~ ns(x, df = 1)", "y ~ ns(x, df = 2)",
  "y ~ ns(x, df = 3)", "y ~ ns(x, df = 5) + g", "y ~ ns(z, df = 4):h", "y ~ ns(log(z), df = 3)*x - 1", "y ~ `odd name` + g", "y ~ `odd name`:h",
  "y ~ I(x > 5 & z < 0.5)", "y ~ I(x > 5 | z < 0.5)", "y ~ I(!l)", "y ~ I(!(x > 4) & l)",
  "y ~ I(l | z > 1):g", "y ~ I((x > 5 & z < 0.5) * y)", "y ~ I(x - 3 & n > 6) + h", "y ~ (x > 5 & l)", "y ~ I(g == \"b\" & !l | x < 4)", "y ~ I(!x > 5)",
  "y ~ !(l | z > 1)", "y ~ h + !(x > 5 | z > 1 | l)", "y ~ (l | x > 5) == (z > 1)", "y ~ ((x > 5 | l) == (n > 6)):h", "(l | x > 5) ~ z",
  "l | x > 5 ~ h", "!(l | z > 1) ~ x", "y ~ x + offset((l | z > 1) + n)",
  "y ~ ns(x, knots = c(4, 6), Boundary.knots = c(2, 8))", "y ~ ns(z, knots = 1, Boundary.knots = c(0, 2)):h", "y ~ ns(x, Boundary.knots = c(9, -1))",
  "y ~ I(`odd name`^2)", "log(y + 5) ~ x + g", "y ~ x + offset(z)", "y ~ x + g - g", "y ~ 0 + h + g:x",
  "y ~ h %in% g", "y ~ g + h %in% g", "y ~ (g + h) %in% l", "y ~ poly(`odd name`, 1)", "y ~ poly(`odd name`, 3) + x", "y ~ poly(1000 + `odd name`, 4):g - 1",
  "y ~ bs(x)", "y ~ bs(x, df = 5) + g", "y ~ bs(x, 3, degree = 2):h", "y ~ bs(log(z), degree = 1) + x", "y ~ bs(x, df = 3, degree = 1)",
  "y ~ bs(x, knots = c(4, 6))", "y ~ bs(x, knots = c(4, 6), Boundary.knots = c(2, 8))*h", "y ~ bs(x, Boundary.knots = c(2, 6), degree = 2)",
  "y ~ ns(x, knots = c(4, 6))", "y ~ ns(z, knots = 0.5):h")
out <- file("reference_design.txt", "w")
for (f in formulas) {
  mf <- suppressWarnings(model.frame(as.formula(f), d, drop.unused.levels = TRUE))
  m <- model.matrix(attr(mf, "terms"), mf)
  cat("formula", f, file = out, sep = "\t"); cat("\n", file = out)
  cat("rows", as.integer(row.names(mf)) - 1L, file = out, sep = "\t"); cat("\n", file = out)
  cat("assign", attr(m, "assign"), file = out, sep = "\t"); cat("\n", file = out)
  for (j in seq_len(ncol(m))) {
    cat(colnames(m)[j], sprintf("%.17g", m[, j]), file = out, sep = "\t"); cat("\n", file = out)
  }
}
close(out)
