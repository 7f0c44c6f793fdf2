# SPDX-License-Identifier: Apache-2.0
# Writes reference_terms.tsv: formula, intercept, term labels as R's terms() has them.
#   Rscript reference_terms.R > reference_terms.tsv
formulas <- c(
  "y ~ a", "~ a", "y ~ 1", "y ~ 0", "y ~ -1", "y ~ a + b", "y ~ a - 1", "y ~ 0 + a", "y ~ 0 + a + 1", "y ~ a + 0",
  "y ~ a:b", "y ~ a*b", "y ~ b:a + a", "y ~ a:b + b + a", "y ~ a*b*c", "y ~ a*b*c - a:b:c",
  "y ~ (a + b)^2", "y ~ (a + b + c)^2 - a:c", "y ~ (a + b + c)^3", "y ~ (a + b + c + d)^2", "y ~ a^2",
  "y ~ a**2", "y ~ a/b", "y ~ a/b/c", "y ~ (a + b)/c", "y ~ a/(b + c)", "y ~ a + b - b", "y ~ a*b - a",
  "y ~ a - (b - 1)", "y ~ -(0 + a)", "y ~ a - (a - b)", "y ~ a + b - (a + 1)", "y ~ (a + 0)*b", "y ~ (a - 1)*b",
  "y ~ a*0", "y ~ a*1", "y ~ (a + b + 1)^2", "y ~ +a", "y ~ -a + b", "y ~ -0 + a", "y ~ a - 0 - 1 + 1 - 1",
  "y ~ (a + b):(c + d)", "y ~ c:a + d:b + (a + b + c + d)^2", "y ~ a:a", "y ~ a + a + a",
  "y ~ I(x^2)", "y ~ I(x ^ 2)+x", "y ~ log(x)", "y ~ log( x+1 )", "y ~ log(a)*b - log(a)", "y ~ sqrt(a):b",
  "y ~ exp(-a)", "y ~ I(a/b)", "y ~ I(-a^2)", "y ~ I((a + 1)^2*3)", "y ~ I(a*-1)", "y ~ I(a - b - c)", "y ~ I(a - (b - c))",
  "y ~ I(a*100000)", "y ~ I(a*0.1)", "y ~ I(a/1e-7)", "y ~ I(a*123456.75)", "y ~ I(a*1e15)", "y ~ I(a*1e5+1e4)", "y ~ I(a*.5)",
  "y ~ I(a*1L)", "y ~ I(2^-a)", "y ~ I(a^2^b)", "y ~ I(+a)", "y ~ I(a > 50)", "y ~ (a > 50)", "y ~ a > 50", "y ~ I(a == \"it's\")",
  "y ~ I(a == 'F') + I(b != \"x\\\\y\")", "y ~ I(a >= 1):b", "y ~ factor(a)", "y ~ as.factor(a)*b",
  "y ~ poly(x, 2, raw = TRUE)", "y ~ poly(x,2,raw=T)", "y ~ poly(x, degree=3, raw=TRUE)", "y ~ poly(log(x), 2, raw = TRUE):a",
  "y ~ ns(x, df = 3)", "y ~ ns(x,df=4)*a", "y ~ `a b` + `2x`", "y ~ `a`", "y ~ log(`a b` + 1)", "y ~ das28.crp + .x + x_1",
  "log(y) ~ a", "I(y > 0) ~ a", "cbind(s, f) ~ a", "y ~ a +\n b", "y ~ a:b:c + a:b + b:c", "y ~ a*b + Error1", "y ~ ((a))",
  "y ~ (a*b):c", "y ~ a:(b*c)", "y ~ -1 + (a + b)*c", "y ~ I(a>1&b<2)", "y ~ I(!a | b & c)", "y ~ I(!(a & b))*c", "y ~ I(a & !b == c)",
  "y ~ ns(x, knots = c(1, 2), Boundary.knots = c(-1, 9))*a", "y ~ ns(x,knots=1.5,Boundary.knots=c(0,2))",
  "y ~ a %in% b", "y ~ a + b %in% a", "y ~ b %in% a + a", "y ~ (a + b) %in% (c + d)", "y ~ a:b %in% c", "y ~ a*b %in% c", "y ~ a %in% b %in% c",
  "y ~ poly(x, 2)", "y ~ poly(x,degree=3)*a", "y ~ poly(x, 2, raw = FALSE)", "y ~ bs(x)", "y ~ bs(x, df=5)", "y ~ bs(x, 4):a", "y ~ bs(x, degree = 2)",
  "y ~ bs(x, knots = c(1, 2.5), degree=2)", "y ~ bs(x, knots=1, Boundary.knots = c(0, 2))", "y ~ ns(x, knots = c(1, 2))")
for (f in formulas) {
  t <- tryCatch(terms(as.formula(f)), error = function(e) NULL)
  cat(gsub("\n", " ", f), attr(t, "intercept"), attr(t, "term.labels"), sep = "\t")
  cat("\n")
}
