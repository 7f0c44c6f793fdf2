# SPDX-License-Identifier: Apache-2.0
# The same regression on the pooled rows: Rscript pooled.R ROWS COVARIATES DATA_FILE. Only glm.fit is timed.
arguments <- commandArgs(trailingOnly = TRUE)
rows <- as.integer(arguments[1])
covariates <- as.integer(arguments[2])
file <- file(arguments[3], "rb")
y <- readBin(file, "double", rows)
x <- cbind(1, matrix(readBin(file, "double", rows * covariates), rows, covariates))
close(file)
# A tolerance at which R's estimates have settled in all their digits; its default stops at about 1e-8, and takes
# as many iterations here or one fewer.
seconds <- system.time(
  fit <- glm.fit(x, y, family = binomial(), control = list(epsilon = 1e-14, maxit = 50))
)["elapsed"]
default <- system.time(glm.fit(x, y, family = binomial()))["elapsed"]
peak <- sub("[^0-9]*([0-9]+) kB", "\\1", grep("^VmHWM", readLines("/proc/self/status"), value = TRUE))
cat("seconds", format(seconds, nsmall = 3), "\n")
cat("seconds_default", format(default, nsmall = 3), "\n")
cat("iterations", fit$iter, "\n")
cat("peak_mib", round(as.numeric(peak) / 1024), "\n")
cat(sprintf("coefficient %.17g\n", fit$coefficients), sep = "")
