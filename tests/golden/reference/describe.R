# SPDX-License-Identifier: Apache-2.0
# Result fields of summary, table and histogram.

# Skewness G1 and kurtosis G2 (Joanes and Gill 1998), type 2 of e1071.
moments <- function(x) {
  n <- length(x)
  m <- function(k) sum((x - mean(x))^k) / n
  b1 <- m(3) / m(2)^1.5
  b2 <- m(4) / m(2)^2 - 3
  list(skewness = if (n > 2) b1 * sqrt(n * (n - 1)) / (n - 2) else NA,
       kurtosis = if (n > 3) (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * b2 + 6) else NA)
}

variable_fields <- function(name, values, quantiles) {
  x <- values[!is.na(values)]
  fields <- list(variable = name, n = length(x), n_missing = sum(is.na(values)))
  if (is.factor(values)) return(c(fields, list(counts = as.list(table(x)))))
  c(fields, list(mean = if (length(x) > 0) mean(x) else NA, sd = sd(x), variance = var(x)), moments(x),
    list(quantiles = vector_of(unname(quantile(x, quantiles, type = 7)))))
}

summary_analysis <- function(name, data, variables, quantiles = NULL) {
  study <- list(name = name, method = "summary", variables = vector_of(variables))
  if (!is.null(quantiles)) study$quantiles <- vector_of(quantiles)
  probabilities <- if (is.null(quantiles)) c(0.25, 0.5, 0.75) else quantiles
  list(study = study, expected = list(method = "summary", variables = lapply(variables, function(variable) {
    variable_fields(variable, data[[variable]], probabilities)
  })))
}

chisq_fields <- function(counts) {
  one <- function(correct) {
    test <- suppressWarnings(chisq.test(counts, correct = correct))
    list(statistic = unname(test$statistic), parameter = unname(test$parameter), p_value = test$p.value)
  }
  if (all(dim(counts) == 2)) c(one(FALSE), list(corrected = one(TRUE))) else one(FALSE)
}

nested <- function(counts) {
  if (length(dim(counts)) == 1) return(vector_of(as.vector(counts)))
  lapply(seq_len(dim(counts)[1]), function(i) {
    slice <- counts[slice.index(counts, 1) == i]
    nested(array(slice, dim(counts)[-1]))
  })
}

table_analysis <- function(name, data, variables, tests = NULL) {
  counts <- table(data[variables])
  study <- list(name = name, method = "table", variables = vector_of(variables))
  if (!is.null(tests)) study$tests <- tests
  expected <- list(method = "table", n = sum(counts), n_missing = sum(!complete.cases(data[variables])),
                   levels = lapply(dimnames(counts), vector_of), counts = nested(counts))
  if (length(variables) == 2 && !identical(tests, FALSE)) expected$chisq <- chisq_fields(counts)
  list(study = study, expected = expected)
}

histogram_analysis <- function(name, data, variable, breaks) {
  x <- data[[variable]]
  inside <- hist(x[!is.na(x)], breaks = breaks, plot = FALSE)
  list(study = list(name = name, method = "histogram", variable = variable, breaks = vector_of(breaks)),
       expected = list(method = "histogram", n = sum(inside$counts), n_missing = sum(is.na(x)),
                       breaks = vector_of(inside$breaks), counts = vector_of(inside$counts)))
}
