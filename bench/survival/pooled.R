# SPDX-License-Identifier: Apache-2.0
# The same on the pooled rows: Rscript pooled.R ROWS COVARIATES DATA_FILE. Cox by coxph with all that our result
# holds (concordance and the test of proportional hazards), and by coxph.fit's iteration alone.
suppressPackageStartupMessages(library(survival))
arguments <- commandArgs(trailingOnly = TRUE)
rows <- as.integer(arguments[1])
covariates <- as.integer(arguments[2])
file <- file(arguments[3], "rb")
time <- readBin(file, "double", rows)
status <- readBin(file, "double", rows)
site <- readBin(file, "double", rows)
x <- matrix(readBin(file, "double", rows * covariates), rows, covariates)
close(file)
timed <- function(name, expression) {
  seconds <- system.time(value <- eval(expression, parent.frame()))["elapsed"]
  cat(name, "seconds", format(seconds, nsmall = 3), "\n")
  value
}
numbers <- function(name, values) cat(sprintf("%s number %.17g\n", name, values), sep = "")
control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 30)
y <- Surv(time, status)
fit <- timed("cox", quote(coxph(y ~ x + strata(site), ties = "efron", control = control)))
numbers("cox", coef(fit))
invisible(timed("cox_zph", quote(cox.zph(fit, transform = "km"))))
group <- x[, 1]
curves <- timed("kaplan_meier", quote(survfit(y ~ group)))
numbers("kaplan_meier", curves$surv[cumsum(curves$strata)])
test <- timed("logrank", quote(survdiff(y ~ group)))
numbers("logrank", test$chisq)
