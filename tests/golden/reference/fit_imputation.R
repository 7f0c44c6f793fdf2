# SPDX-License-Identifier: Apache-2.0
# Chained equations on the pooled rows with the program's keyed random numbers (keyed_random.py), the analysis by glm on
# each completed table, pooled by mice::pool.scalar. Written from the description in src/stats/multiple_imputation.h.

keyed_numbers <- function(rows, kinds, seed, imputations, visits, coordinator) {
  path <- tempfile(fileext = ".csv")
  text <- sapply(seq_along(rows), function(v) {
    value <- rows[[v]]
    if (kinds[v] == "n") vapply(value, function(x) if (is.na(x)) "NA" else sprintf("%.17g", x), "")
    else ifelse(is.na(value), "NA", as.character(value))
  })
  writeLines(apply(text, 1, paste, collapse = ","), path)
  lines <- system2("python3", c(file.path(golden, "reference", "keyed_random.py"), path, paste(kinds, collapse = ""),
                                seed, imputations, visits, coordinator), stdout = TRUE)
  numbers <- lapply(strsplit(lines, ","), as.numeric)
  rows <- do.call(rbind, numbers[-length(numbers)])
  list(row = function(m, visit) rows[, (m - 1) * visits + visit], coordinator = numbers[[length(numbers)]])
}

# A variable on the scale of the chain: numbers centred and divided by the power of two above their standard deviation,
# categories counted from 0.
chain_variable <- function(value) {
  seen <- value[!is.na(value)]
  if (is.numeric(value) && !(all(seen %in% 0:1) && length(unique(seen)) == 2)) {
    center <- mean(seen)
    scale <- 2^ceiling(log2(sqrt(mean((seen - center)^2))))
    return(list(categorical = FALSE, center = center, scale = scale, value = (value - center) / scale))
  }
  levels <- if (is.numeric(value)) c(0, 1) else levels(droplevels(value))
  list(categorical = TRUE, levels = levels, value = match(as.character(value), as.character(levels)) - 1,
       counts = as.vector(table(factor(as.character(value), as.character(levels)))))
}

model_columns <- function(state, variables, v) {
  columns <- lapply(seq_along(variables)[-v], function(other) {
    if (!variables[[other]]$categorical) return(state[[other]])
    outer(state[[other]], seq_along(variables[[other]]$levels)[-1] - 1, "==") * 1
  })
  do.call(cbind, c(list(1), columns))
}

multinomial_fit <- function(x, category, categories) {
  k <- categories - 1
  p <- ncol(x)
  beta <- matrix(0, p, k)
  for (again in 1:60) {
    odds <- exp(cbind(0, x %*% beta))
    e <- (odds / rowSums(odds))[, -1, drop = FALSE]
    score <- as.vector(crossprod(x, outer(category, seq_len(k), "==") - e))
    information <- matrix(0, p * k, p * k)
    for (a in seq_len(k)) for (b in seq_len(k)) {
      information[(a - 1) * p + 1:p, (b - 1) * p + 1:p] <- crossprod(x, e[, a] * ((a == b) - e[, b]) * x)
    }
    step <- solve(information, score)
    beta <- beta + step
    if (max(abs(step)) < 1e-14) break
  }
  stopifnot(max(abs(step)) < 1e-9)
  list(beta = as.vector(beta), covariance = solve(information))
}

run_chain <- function(data, names, m, cycles, seed) {
  variables <- lapply(data[names], chain_variable)
  kinds <- ifelse(vapply(data[names], is.numeric, TRUE), "n", "f")
  missing <- lapply(data[names], is.na)
  visited <- which(vapply(missing, any, TRUE))
  parameters <- function(v) sum(vapply(variables[-v], function(other) if (other$categorical) length(other$levels) - 1 else 1, 1)) + 1
  draws <- vapply(visited, function(v) {
    if (variables[[v]]$categorical) parameters(v) * (length(variables[[v]]$levels) - 1) else parameters(v) + 1
  }, 1)
  visits <- length(names) + cycles * length(visited)
  random <- keyed_numbers(data[names], kinds, seed, m, visits, max(1, m * cycles * sum(draws)))
  used <- 0
  take <- function(count) {
    used <<- used + count
    random$coordinator[used - count + seq_len(count)]
  }
  states <- lapply(seq_len(m), function(i) {
    state <- lapply(variables, function(variable) variable$value)
    for (v in visited) {
      u <- random$row(i, v)[missing[[v]]]
      state[[v]][missing[[v]]] <- if (variables[[v]]$categorical) {
        findInterval(u * sum(variables[[v]]$counts), cumsum(variables[[v]]$counts))
      } else {
        0.75 * qnorm(u)
      }
    }
    state
  })
  visit <- length(names)
  for (cycle in seq_len(cycles)) for (v in visited) {
    visit <- visit + 1
    for (i in seq_len(m)) {
      x <- model_columns(states[[i]], variables, v)
      seen <- !missing[[v]]
      u <- random$row(i, visit)[!seen]
      if (variables[[v]]$categorical) {
        k <- length(variables[[v]]$levels) - 1
        fit <- multinomial_fit(x[seen, ], states[[i]][[v]][seen], k + 1)
        beta <- fit$beta + t(chol(fit$covariance)) %*% qnorm(take(length(fit$beta)))
        odds <- exp(cbind(0, x[!seen, , drop = FALSE] %*% matrix(beta, ncol(x))))
        cumulative <- t(apply(odds / rowSums(odds), 1, cumsum))
        new <- rowSums(u >= cumulative[, seq_len(k), drop = FALSE])
      } else {
        fit <- lm.fit(x[seen, ], states[[i]][[v]][seen])
        sigma <- sqrt(sum(fit$residuals^2) / qchisq(take(1), fit$df.residual))
        beta <- fit$coefficients + sigma * t(chol(chol2inv(qr.R(fit$qr)))) %*% qnorm(take(ncol(x)))
        new <- x[!seen, , drop = FALSE] %*% beta + sigma * qnorm(u)
      }
      states[[i]][[v]][!seen] <- as.vector(new)
    }
  }
  lapply(states, function(state) {
    completed <- data
    for (v in visited) {
      value <- state[[v]][missing[[v]]]
      completed[[names[v]]][missing[[v]]] <- if (variables[[v]]$categorical) {
        variables[[v]]$levels[value + 1]
      } else {
        value * variables[[v]]$scale + variables[[v]]$center
      }
    }
    completed
  })
}

imputation_analysis <- function(name, formula, data, family = "gaussian", link = NULL, more = NULL, imputations = NULL,
                                cycles = NULL, seed = NULL, conf_level = NULL) {
  given <- function(value, otherwise) if (is.null(value)) otherwise else value
  names <- unique(c(all.vars(as.formula(formula)), more))
  m <- given(imputations, 5)
  completed <- run_chain(data, names, m, given(cycles, 5), given(seed, 1))
  fits <- lapply(completed, function(table) polished_glm(as.formula(formula), table, family_of(family, link)))
  level <- given(conf_level, 0.95)
  terms <- lapply(names(coef(fits[[1]])), function(term) {
    estimates <- vapply(fits, function(fit) coef(fit)[[term]], 0)
    variances <- vapply(fits, function(fit) vcov(fit)[term, term], 0)
    pool <- mice::pool.scalar(estimates, variances, n = nrow(data), k = length(coef(fits[[1]])))
    error <- sqrt(pool$t)
    lambda <- (1 + 1 / m) * pool$b / pool$t
    half <- qt(1 - (1 - level) / 2, pool$df) * error
    list(term = term, estimate = pool$qbar, std_error = error, statistic = pool$qbar / error,
         p_value = 2 * pt(-abs(pool$qbar / error), pool$df), conf_low = pool$qbar - half, conf_high = pool$qbar + half,
         df = pool$df, within = pool$ubar, between = pool$b, riv = pool$r, lambda = lambda, fmi = pool$fmi)
  })
  study <- list(name = name, method = "multiple_imputation", formula = formula, family = family, link = link)
  if (!is.null(more)) study$imputation_variables <- vector_of(more)
  for (key in c("imputations", "cycles", "seed", "conf_level")) study[[key]] <- get(key)
  counts <- lapply(names, function(v) list(variable = v, n = sum(!is.na(data[[v]])), n_missing = sum(is.na(data[[v]]))))
  list(study = study[!vapply(study, is.null, TRUE)],
       expected = list(method = "multiple_imputation", n = nrow(data), n_missing = 0,
                       n_incomplete = sum(!complete.cases(data[names])), converged = TRUE, terms = terms, variables_imputed = counts))
}
