# SPDX-License-Identifier: Apache-2.0
# Result fields of ttest, anova, wilcoxon, kruskal, correlation, pca, kmeans and of Fisher's test in table.

scalar_or_na <- function(x) if (is.null(x) || !is.finite(x)) NA else unname(x)

ttest_analysis <- function(name, test, study) {
  two <- length(test$estimate) == 2
  expected <- list(method = "ttest", estimate = if (two) unname(test$estimate[1] - test$estimate[2]) else unname(test$estimate),
                   statistic = unname(test$statistic), parameter = unname(test$parameter), p_value = test$p.value,
                   conf_low = scalar_or_na(test$conf.int[1]), conf_high = scalar_or_na(test$conf.int[2]), std_error = test$stderr)
  if (two) expected <- c(expected, list(estimate1 = unname(test$estimate[1]), estimate2 = unname(test$estimate[2])))
  list(study = c(list(name = name, method = "ttest"), study), expected = expected)
}

anova_analysis <- function(name, data, formula) {
  rows <- summary(aov(as.formula(formula), data))[[1]]
  column <- function(i) unname(rows[[i]])
  list(study = list(name = name, method = "anova", formula = formula),
       expected = list(method = "anova", df = vector_of(column(1)), sumsq = vector_of(column(2)), meansq = vector_of(column(3)),
                       statistic = column(4)[1], p_value = column(5)[1]))
}

welch_analysis <- function(name, data, formula) {
  test <- oneway.test(as.formula(formula), data)
  list(study = list(name = name, method = "anova", formula = formula, welch = TRUE),
       expected = list(method = "anova", df = vector_of(test$parameter), statistic = unname(test$statistic), p_value = test$p.value))
}

# Type II sums of squares without car: each term dropped from the model of all terms that do not contain it.
type_two <- function(data, formula) {
  full <- lm(as.formula(formula), data)
  factors <- attr(terms(full), "factors")
  labels <- attr(terms(full), "term.labels")
  frame <- model.frame(full)
  X <- model.matrix(full)
  assign <- attr(X, "assign")
  y <- model.response(frame)
  residual <- function(columns) {
    fit <- lm.fit(X[, columns, drop = FALSE], y)
    c(sum(fit$residuals^2), fit$rank)
  }
  rows <- lapply(seq_along(labels), function(t) {
    contains <- vapply(seq_along(labels), function(u) all(factors[, u] > 0 | factors[, t] == 0), TRUE)
    with_term <- assign == 0 | assign == t | assign %in% which(!contains)
    large <- residual(with_term)
    small <- residual(with_term & assign != t)
    c(large[2] - small[2], small[1] - large[1])
  })
  list(labels = labels, df = vapply(rows, function(r) r[1], 0), squares = vapply(rows, function(r) r[2], 0),
       residual_df = full$df.residual, residual = sum(full$residuals^2))
}

terms_anova_analysis <- function(name, data, formula) {
  fit <- type_two(data, formula)
  mean <- fit$residual / fit$residual_df
  terms <- lapply(seq_along(fit$labels), function(t) {
    statistic <- fit$squares[t] / fit$df[t] / mean
    list(term = fit$labels[t], df = fit$df[t], sumsq = fit$squares[t], meansq = fit$squares[t] / fit$df[t], statistic = statistic,
         p_value = pf(statistic, fit$df[t], fit$residual_df, lower.tail = FALSE))
  })
  terms <- c(terms, list(list(term = "Residuals", df = fit$residual_df, sumsq = fit$residual, meansq = mean, statistic = NA, p_value = NA)))
  list(study = list(name = name, method = "anova", formula = formula), expected = list(method = "anova", terms = terms))
}

wilcoxon_analysis <- function(name, data, formula, ...) {
  options <- list(...)
  call <- c(list(as.formula(formula), data = data, exact = FALSE), options)
  test <- do.call(wilcox.test, call)
  list(study = c(list(name = name, method = "wilcoxon", formula = formula), options),
       expected = list(method = "wilcoxon", statistic = unname(test$statistic), p_value = test$p.value))
}

kruskal_analysis <- function(name, data, formula) {
  test <- kruskal.test(as.formula(formula), data)
  list(study = list(name = name, method = "kruskal", formula = formula),
       expected = list(method = "kruskal", statistic = unname(test$statistic), parameter = unname(test$parameter), p_value = test$p.value))
}

correlation_analysis <- function(name, data, variables, type = "pearson") {
  x <- as.matrix(na.omit(data[variables]))
  r <- cor(x, method = type)
  p <- sapply(variables, function(i) sapply(variables, function(j) {
    if (i == j) return(NA)
    # Spearman's p-value is Student's t of the ranks, without cor.test()'s continuity correction for n < 1290.
    ranked <- if (type == "spearman") apply(x, 2, rank) else x
    cor.test(ranked[, i], ranked[, j])$p.value
  }))
  list(study = list(name = name, method = "correlation", variables = vector_of(variables), type = type),
       expected = list(method = "correlation", n = nrow(x), names = vector_of(variables), values = unname(r),
                       correlation = list(names = vector_of(variables), values = unname(r)),
                       p_values = list(names = vector_of(variables), values = unname(p))))
}

positive_lead <- function(rotation) {
  apply(rotation, 2, function(v) v * sign(v[which(abs(v) >= max(abs(v)) * (1 - 1e-9))[1]]))
}

pca_analysis <- function(name, data, variables, scale = TRUE, components = NULL) {
  x <- as.matrix(na.omit(data[variables]))
  fit <- prcomp(x, scale. = scale)
  kept <- if (is.null(components)) length(fit$sdev) else components
  study <- list(name = name, method = "pca", variables = vector_of(variables))
  if (!scale) study$scale <- FALSE
  if (!is.null(components)) study$components <- components
  rotation <- positive_lead(fit$rotation)[, seq_len(kept), drop = FALSE]
  list(study = study,
       expected = list(method = "pca", n = nrow(x), sdev = vector_of(fit$sdev),
                       rotation = list(names = vector_of(variables), components = vector_of(colnames(rotation)), values = unname(rotation)),
                       center = vector_of(fit$center), scale = if (scale) vector_of(fit$scale) else FALSE,
                       explained = vector_of(fit$sdev^2 / sum(fit$sdev^2))))
}

kmeans_analysis <- function(name, data, variables, initial, scale = FALSE) {
  x <- as.matrix(na.omit(data[variables]))
  start <- initial
  if (scale) {
    x <- scale(x)
    start <- sweep(sweep(initial, 2, attr(x, "scaled:center")), 2, attr(x, "scaled:scale"), "/")
  }
  fit <- kmeans(x, centers = start, algorithm = "Lloyd", iter.max = 100)
  study <- list(name = name, method = "kmeans", variables = vector_of(variables), centers = nrow(initial), initial = initial)
  if (scale) study$scale <- TRUE
  list(study = study,
       expected = list(method = "kmeans", centers = list(names = vector_of(variables), values = unname(fit$centers)),
                       size = vector_of(fit$size), withinss = vector_of(fit$withinss), tot_withinss = fit$tot.withinss,
                       betweenss = fit$betweenss, totss = fit$totss, iterations = fit$iter))
}

# fisher.test() finds the odds ratio and its limits with uniroot()'s default tolerance, 1e-4; here the same equations
# are solved to the last digits.
fisher_fields <- function(counts, conf_level = 0.95) {
  test <- fisher.test(counts)
  if (any(dim(counts) != 2)) return(list(p_value = exact_p(counts)))
  m <- sum(counts[, 1]); n <- sum(counts[, 2]); k <- sum(counts[1, ]); x <- counts[1, 1]
  support <- max(0, k - n):min(k, m)
  log_density <- dhyper(support, m, n, k, log = TRUE)
  density <- function(t) { d <- log_density + t * support; d <- exp(d - max(d)); d / sum(d) }  # t = log odds ratio
  root <- function(f) uniroot(f, c(-60, 60), tol = 1e-14)$root
  estimate <- if (x == min(support)) 0 else if (x == max(support)) NA else exp(root(function(t) sum(support * density(t)) - x))
  tail <- (1 - conf_level) / 2
  low <- if (x == min(support)) 0 else exp(root(function(t) sum(density(t)[support >= x]) - tail))
  high <- if (x == max(support)) NA else exp(root(function(t) sum(density(t)[support <= x]) - tail))
  stopifnot(is.na(estimate) || estimate == 0 || abs(log(test$estimate / estimate)) < 1e-3)
  list(p_value = test$p.value, estimate = estimate, conf_low = low, conf_high = high)
}

# The p-value of a table of any size by listing every table with its margins, column by column.
exact_p <- function(counts) {
  log_probability <- function(counts) {
    sum(lfactorial(rowSums(counts))) + sum(lfactorial(colSums(counts))) - lfactorial(sum(counts)) - sum(lfactorial(counts))
  }
  observed <- log_probability(counts)
  constant <- sum(lfactorial(rowSums(counts))) + sum(lfactorial(colSums(counts))) - lfactorial(sum(counts))
  fills <- function(rest, total) {  # all ways to place `total` in cells of at most rest[i]
    if (length(rest) == 1) return(if (total <= rest) matrix(total) else matrix(0, 0, 1))
    do.call(rbind, lapply(0:min(rest[1], total), function(v) {
      tail <- fills(rest[-1], total - v)
      if (nrow(tail) == 0) NULL else cbind(v, tail)
    }))
  }
  columns <- colSums(counts)
  walk <- function(rest, j, so_far) {
    if (j == length(columns)) {
      value <- constant + so_far - sum(lfactorial(rest))
      return(if (value <= observed + 1e-7) exp(value) else 0)
    }
    ways <- fills(rest, columns[j])
    if (is.null(ways) || nrow(ways) == 0) return(0)
    sum(apply(ways, 1, function(way) walk(rest - way, j + 1, so_far - sum(lfactorial(way)))))
  }
  p <- walk(rowSums(counts), 1, 0)
  stopifnot(abs(p - fisher.test(counts)$p.value) < 1e-5 * p)
  p
}

fisher_analysis <- function(name, data, variables) {
  analysis <- table_analysis(name, data, variables)
  analysis$study$fisher <- TRUE
  analysis$expected$fisher <- fisher_fields(table(data[variables]))
  analysis
}
