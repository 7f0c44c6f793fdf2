# SPDX-License-Identifier: Apache-2.0
# The same paths on the pooled rows: Rscript pooled.R ROWS COVARIATES DATA_FILE. glmnet is timed at its default
# threshold; the numbers compared are those of a threshold at which it has settled to about 1e-7.
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "..", "timed.R"))
suppressPackageStartupMessages(library(glmnet))
data <- read_rows(2)
outcomes <- list(gaussian = data[[1]], binomial = data[[2]])
x <- data[[3]]
for (family in names(outcomes)) {
  y <- outcomes[[family]]
  timed(family, quote(glmnet(x, y, family = family)))
  settled <- glmnet(x, y, family = family, thresh = 1e-15, maxit = 1e7)
  numbers(family, length(settled$lambda))
  for (k in seq(1, length(settled$lambda), by = 11)) {
    numbers(family, c(settled$lambda[k], settled$a0[k], as.numeric(settled$beta[, k])))
  }
  cat(family, "tolerance 1e-6\n")
  cat(family, "floor", max(abs(settled$beta)), "\n")
}
