# SPDX-License-Identifier: Apache-2.0
# Sourced by the tasks' pooled.R: their arguments, the rows that our program wrote, and timing.
arguments <- commandArgs(trailingOnly = TRUE)
rows <- as.integer(arguments[1])
covariates <- as.integer(arguments[2])

# The first `count` columns of the file as vectors, then the covariates as a matrix.
read_rows <- function(count) {
  file <- file(arguments[3], "rb")
  on.exit(close(file))
  columns <- lapply(seq_len(count), function(i) readBin(file, "double", rows))
  c(columns, list(matrix(readBin(file, "double", rows * covariates), rows, covariates)))
}

# The value of an expression; says its seconds, those of `more` added, and its processor seconds.
timed <- function(name, expression, more = NULL) {
  seconds <- system.time({
    value <- eval(expression, parent.frame())
    if (!is.null(more)) more(value)
  })
  cat(name, "seconds", format(seconds[["elapsed"]], nsmall = 3), "\n")
  cat(name, "cpu", format(seconds[["user.self"]] + seconds[["sys.self"]], nsmall = 3), "\n")
  value
}
numbers <- function(name, values) cat(sprintf("%s number %.17g\n", name, values), sep = "")
