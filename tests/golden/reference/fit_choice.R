# SPDX-License-Identifier: Apache-2.0
# A treatment choice on pooled rows, written down once more without sums: elastic nets of all arms together for every
# training set, lambdas chosen by folds that neither model nor judgement has seen, propensities with a normal prior, AIPW
# scores out of fold, values of policies and their differences.

choice_parts <- 12  # lambdas of a path, from the largest down to this part of it
choice_smallest <- 0.005

# X: columns over their standard deviation, centred, without intercept; arm: 1, 2, ...
joint_design <- function(x, arm, arms) {
  own <- lapply(seq_len(arms), function(a) x * (arm == a))
  cbind(outer(arm, seq_len(arms), "==") * 1, x, do.call(cbind, own))
}

# Minimum of deviance / (2 n) + lambda (alpha |b| + (1 - alpha) / (2 scale) b^2), the first `free` coefficients without
# penalty: coordinate descent on the quadratic at the present point, then Newton's method for the signs found.
elastic_point <- function(z, y, free, lambda, alpha, binary, scale, b) {
  n <- length(y)
  penalised <- seq_along(b) > free
  lasso <- lambda * alpha * penalised
  ridge <- lambda * (1 - alpha) / scale * penalised
  sums_at <- function(b) {
    eta <- drop(z %*% b)
    mu <- if (binary) plogis(eta) else eta
    w <- if (binary) mu * (1 - mu) else rep(1, n)
    list(score = drop(crossprod(z, y - mu)) / n, h = crossprod(z, z * w) / n)
  }
  for (iteration in 1:60) {
    at <- sums_at(b)
    target <- drop(at$h %*% b) + at$score
    new <- b
    if (alpha == 0) new <- solve(at$h + diag(ridge), target)
    gradient <- target - drop(at$h %*% new)
    for (sweep in 1:(if (alpha == 0) 1 else 400)) {
      moved <- 0
      for (j in seq_along(b)) {
        pull <- gradient[j] + at$h[j, j] * new[j]
        value <- sign(pull) * max(abs(pull) - lasso[j], 0) / (at$h[j, j] + ridge[j])
        change <- value - new[j]
        if (change == 0) next
        gradient <- gradient - change * at$h[, j]
        new[j] <- value
        moved <- max(moved, abs(change))
      }
      if (moved < 1e-9) break
    }
    done <- max(abs(new - b)) < 1e-7
    b <- new
    if (done) break
  }
  active <- which(b != 0 | !penalised)
  signs <- sign(b)
  for (iteration in 1:30) {  # to rounding
    at <- sums_at(b)
    gradient <- at$score - lasso * signs - ridge * b
    step <- solve(at$h[active, active] + diag(ridge[active], length(active)), gradient[active])
    b[active] <- b[active] + step
    turned <- penalised & lasso > 0 & sign(b) != signs  # zero but for rounding
    b[turned] <- 0
    active <- setdiff(active, which(turned))
    if (max(abs(step)) < 1e-14) break
  }
  pull <- sums_at(b)$score - ridge * b
  stopifnot(all(abs(pull[b == 0 & penalised]) <= lasso[b == 0 & penalised] + 1e-9),
            max(abs(pull[active] - lasso[active] * sign(b[active]))) < 1e-11)
  b
}

elastic_path <- function(z, y, arm, arms, alpha, binary, scale) {
  means <- vapply(seq_len(arms), function(a) mean(y[arm == a]), 0)
  b <- c(if (binary) qlogis(means) else means, rep(0, ncol(z) - arms))
  score <- drop(crossprod(z, y - means[arm]))[-seq_len(arms)]
  largest <- max(abs(score)) / length(y) / max(alpha, 1e-3)
  lambdas <- largest * choice_smallest^((seq_len(choice_parts) - 1) / (choice_parts - 1))
  path <- list()
  for (lambda in lambdas) {
    b <- elastic_point(z, y, arms, lambda, alpha, binary, scale, b)
    path <- c(path, list(b))
  }
  list(lambdas = lambdas, b = path)
}

deviance_of <- function(z, y, b, binary) {
  eta <- drop(z %*% b)
  if (binary) -2 * sum(y * plogis(eta, log.p = TRUE) + (1 - y) * plogis(-eta, log.p = TRUE)) else sum((y - eta)^2)
}

# Multinomial logit, the first arm the reference, a normal prior of precision `ridge` on all but the intercepts.
prior_propensity <- function(x, arm, arms, ridge) {
  z <- cbind(1, x)
  p <- ncol(z)
  g <- rep(0, (arms - 1) * p)
  prior <- rep(c(0, rep(ridge, p - 1)), arms - 1)
  for (iteration in 1:50) {
    e <- choice_propensities(z, g, arms)
    score <- as.vector(crossprod(z, outer(arm, seq_len(arms)[-1], "==") - e[, -1, drop = FALSE])) - prior * g
    step <- solve(propensity_information(z, e, ridge), score)
    g <- g + step
    if (max(abs(step)) < 1e-13) break
  }
  g
}
propensity_information <- function(z, e, ridge) {
  p <- ncol(z)
  odds <- ncol(e) - 1
  h <- diag(rep(c(0, rep(ridge, p - 1)), odds))
  for (b in seq_len(odds)) for (c in seq_len(odds)) {
    rows <- (b - 1) * p + seq_len(p)
    columns <- (c - 1) * p + seq_len(p)
    h[rows, columns] <- h[rows, columns] + crossprod(z, z * (e[, b + 1] * ((b == c) - e[, c + 1])))
  }
  h
}
choice_propensities <- function(z, g, arms) {
  eta <- cbind(0, z %*% matrix(g, ncol = arms - 1))
  exp(eta) / rowSums(exp(eta))
}

# Trees as xgboost grows them, exactly, one level after another: columns of `data`, of which text is split one level
# against the others (fewer than four levels). A tree is a function of rows; scores begin at `base`.
split_columns <- function(data, rows, g, h, lambda) {
  gain <- function(s, t) s^2 / (t + lambda)
  best <- list(gain = 1e-6)
  for (name in names(data)) {
    x <- data[[name]][rows]
    text <- is.character(x)
    for (value in sort(unique(x), method = "radix")) {
      left <- if (text) x == value else x <= value
      if (all(left)) next
      hl <- sum(h[rows][left])
      hr <- sum(h[rows][!left])
      if (hl < 1 || hr < 1) next
      found <- gain(sum(g[rows][left]), hl) + gain(sum(g[rows][!left]), hr) - gain(sum(g[rows]), sum(h[rows]))
      if (found > best$gain) best <- list(gain = found, name = name, value = value, text = text)
    }
  }
  if (is.null(best$name)) NULL else best
}
grow_tree <- function(data, rows, g, h, depth, lambda, rate) {
  split <- if (depth > 0) split_columns(data, rows, g, h, lambda)
  if (is.null(split)) {
    value <- -rate * sum(g[rows]) / (sum(h[rows]) + lambda)
    return(function(new) rep(value, nrow(new)))
  }
  side <- function(of) if (split$text) of[[split$name]] == split$value else of[[split$name]] <= split$value
  left <- side(data)[rows]
  under <- list(grow_tree(data, rows[left], g, h, depth - 1, lambda, rate), grow_tree(data, rows[!left], g, h, depth - 1, lambda, rate))
  function(new) ifelse(side(new), under[[1]](new), under[[2]](new))
}
grow_forest <- function(data, y, base, binary, settings) {
  eta <- base
  trees <- list()
  for (t in seq_len(settings$trees)) {
    mu <- if (binary) plogis(eta) else eta
    h <- if (binary) mu * (1 - mu) else rep(1, length(y))
    tree <- grow_tree(data, seq_along(y), mu - y, h, settings$depth, 1, settings$learning_rate)
    eta <- eta + tree(data)
    trees <- c(trees, list(tree))
  }
  trees
}
# The out-of-fold expectations by arm when trees are the outcome's model, as elastic nets' are made below.
forest_expectations <- function(columns, arm_name, levels, y, arm, fold, folds, binary, settings) {
  counts <- unique(c(0, (settings$trees * seq_len(12)) %/% 12))
  with_arm <- function(rows, a) cbind(columns[rows, , drop = FALSE], setNames(data.frame(rep_len(levels[a], length(rows))), arm_name))
  fit <- function(out) {
    keep <- which(!(fold %in% out))
    means <- vapply(seq_along(levels), function(a) mean(y[keep][arm[keep] == a]), 0)
    base <- if (binary) qlogis(means) else means
    data <- cbind(columns[keep, , drop = FALSE], setNames(data.frame(levels[arm[keep]]), arm_name))
    list(base = base, trees = grow_forest(data, y[keep], base[arm[keep]], binary, settings))
  }
  predictors <- function(model, rows, a) {  # a column for each number of trees
    new <- with_arm(rows, a)
    parts <- vapply(model$trees, function(tree) tree(new), numeric(length(rows)))
    cbind(0, t(apply(matrix(parts, nrow = length(rows)), 1, cumsum))) + model$base[a]
  }
  loss <- function(model, on) {
    total <- rep(0, length(counts))
    for (a in seq_along(levels)) {
      rows <- which(fold == on & arm == a)
      eta <- predictors(model, rows, a)[, counts + 1, drop = FALSE]
      of <- y[rows]
      total <- total + colSums(if (binary) -2 * (of * plogis(eta, log.p = TRUE) + (1 - of) * plogis(-eta, log.p = TRUE)) else (of - eta)^2)
    }
    total
  }
  single <- lapply(seq_len(folds), fit)
  pair <- list()
  for (f in seq_len(folds - 1)) for (g in (f + 1):folds) pair[[paste(f, g)]] <- fit(c(f, g))
  sign <- if (settings$direction == "higher") 1 else -1
  without <- array(0, c(length(y), folds))  # the arm that the rule without the row's fold and another picks
  q_without <- array(0, c(length(y), folds, length(levels)))  # its expectations
  q <- matrix(0, length(y), length(levels))
  squares <- rep(0, length(levels))
  chosen <- numeric()
  etas <- list()
  for (f in seq_len(folds)) {
    total <- Reduce(`+`, lapply(setdiff(seq_len(folds), f), function(g) loss(pair[[paste(min(f, g), max(f, g))]], g)))
    chosen[f] <- counts[which.min(total)]
    etas[[f]] <- vapply(seq_along(levels), function(a) predictors(single[[f]], seq_along(y), a)[, chosen[f] + 1], numeric(length(y)))
    q[fold == f, ] <- if (binary) plogis(etas[[f]][fold == f, ]) else etas[[f]][fold == f, ]
    rows <- which(fold == f)
    for (g in setdiff(seq_len(folds), f)) {
      eta <- vapply(seq_along(levels), function(a) predictors(pair[[paste(min(f, g), max(f, g))]], rows, a)[, chosen[f] + 1], numeric(length(rows)))
      without[rows, g] <- max.col(sign * eta, ties.method = "first")
      q_without[rows, g, ] <- if (binary) plogis(eta) else eta
    }
  }
  centre <- Reduce(`+`, etas) / folds
  for (f in seq_len(folds)) squares <- squares + colSums((etas[[f]] - centre)^2)
  everybody <- Reduce(`+`, lapply(seq_len(folds), function(f) loss(single[[f]], f)))
  list(q = q, without = without, q_without = q_without, trees = counts[which.min(everybody)], trees_by_fold = chosen,
       spread = (folds - 1) / folds * squares / length(y))
}

choice_analysis <- function(name, data, outcome, treatment, covariates, folds, alpha = 0.5, direction = "higher", trim = 0.02,
                            ridge = 1, guideline = character(), conf_level = NULL, forest = NULL, thresholds = NULL,
                            between_sites = FALSE, heterogeneity = FALSE, subgroups = character(), policy_tree = NULL, causal_forest = NULL) {
  frame <- model.frame(reformulate(c(covariates, treatment, "fold"), outcome), data, na.action = na.omit)
  x <- model.matrix(reformulate(covariates), frame)[, -1, drop = FALSE]
  x <- scale(x, center = TRUE, scale = apply(x, 2, sd))
  y <- frame[[outcome]]
  binary <- all(y %in% 0:1)
  levels <- sort(unique(as.character(frame[[treatment]])))
  arms <- length(levels)
  arm <- match(frame[[treatment]], levels)
  fold <- frame$fold
  n <- length(y)
  center <- if (binary) 0 else mean(y)
  scale <- if (binary) 1 else sqrt(mean((y - center)^2))
  z <- joint_design(x, arm, arms)
  fit <- function(out) {
    keep <- !(fold %in% out)
    elastic_path(z[keep, ], y[keep] - center, arm[keep], arms, alpha, binary, scale)
  }
  loss <- function(path, on) {
    vapply(path$b, function(b) deviance_of(z[fold == on, ], y[fold == on] - center, b, binary), 0)
  }
  sign <- if (direction == "higher") 1 else -1
  q <- e <- matrix(0, n, arms)
  without <- matrix(0, n, folds)  # the arm that the rule without the row's fold and another picks
  q_without <- array(0, c(n, folds, arms))  # its expectations
  if (is.null(forest)) {
    all_rows <- fit(integer())
    single <- lapply(seq_len(folds), fit)
    pair <- list()
    for (f in seq_len(folds - 1)) for (g in (f + 1):folds) pair[[paste(f, g)]] <- fit(c(f, g))
    best <- which.min(Reduce(`+`, lapply(seq_len(folds), function(f) loss(single[[f]], f))))
    chosen_lambda <- numeric()
  } else {
    grown <- forest_expectations(frame[, covariates, drop = FALSE], treatment, levels, y, arm, fold, folds, binary, c(forest, direction = direction))
    q <- grown$q
    without <- grown$without
    q_without <- grown$q_without
  }
  for (f in seq_len(folds)) {
    inside <- fold == f
    if (is.null(forest)) {
      others <- setdiff(seq_len(folds), f)
      total <- Reduce(`+`, lapply(others, function(g) loss(pair[[paste(min(f, g), max(f, g))]], g)))
      b <- single[[f]]$b[[which.min(total)]]
      chosen_lambda[f] <- single[[f]]$lambdas[which.min(total)]
      for (a in seq_len(arms)) {
        eta <- drop(joint_design(x[inside, , drop = FALSE], rep(a, sum(inside)), arms) %*% b)
        q[inside, a] <- if (binary) plogis(eta) else eta + center
      }
      for (g in others) {
        b <- pair[[paste(min(f, g), max(f, g))]]$b[[which.min(total)]]
        eta <- vapply(seq_len(arms), function(a) drop(joint_design(x[inside, , drop = FALSE], rep(a, sum(inside)), arms) %*% b), numeric(sum(inside)))
        without[inside, g] <- max.col(sign * eta, ties.method = "first")
        q_without[inside, g, ] <- if (binary) plogis(eta) else eta
      }
    }
    gamma <- prior_propensity(x[!inside, , drop = FALSE], arm[!inside], arms, ridge)
    e[inside, ] <- choice_propensities(cbind(1, x[inside, , drop = FALSE]), gamma, arms)
  }
  own <- cbind(seq_len(n), arm)
  score <- q
  score[own] <- score[own] + (y - q[own]) / pmax(e[own], trim)
  rule <- max.col(sign * q, ties.method = "first")
  policies <- cbind(score[cbind(seq_len(n), rule)], score, y, rowMeans(score))
  # Folds whose rules have learned from each other: a fifth of the variance of what they change in each other.
  between <- 0
  for (l in seq_len(folds)) {
    rows <- which(fold != l)
    between <- between + sum((policies[rows, 1] - score[cbind(rows, without[rows, l])])^2) / n^2 / 5
  }
  policy_names <- c("rule", levels, "current practice", "random")
  if (length(guideline) > 0) {
    policies <- cbind(policies, score[, match(guideline[1], levels)])
    policy_names <- c(policy_names, "guideline")
  }
  # Beside its scores a person counts with what it did to the propensities, out of fold.
  design <- cbind(1, x)
  odds_score <- do.call(cbind, lapply(seq_len(arms)[-1], function(b) design * ((arm == b) - e[, b])))
  pull <- ifelse(e[own] > trim, (y - q[own]) / e[own], 0)
  own_part <- cbind(rule == arm, outer(arm, seq_len(arms), "=="), 0, rep(1 / arms, n))
  if (length(guideline) > 0) own_part <- cbind(own_part, arm == match(guideline[1], levels))
  information <- propensity_information(design, e, ridge)
  influence_by <- function(score, part) score - odds_score %*% solve(information, crossprod(odds_score, part * pull))
  influence <- influence_by(policies, own_part)
  influence_of <- influence[, 1 + seq_len(arms)]
  level <- if (is.null(conf_level)) 0.95 else conf_level
  critical <- qnorm(0.5 + level / 2)
  values <- lapply(seq_along(policy_names), function(i) {
    error <- sqrt(var(influence[, i]) / n + (i == 1) * between)
    value <- mean(policies[, i])
    list(policy = policy_names[i], value = value, std_error = error, conf_low = value - critical * error,
         conf_high = value + critical * error)
  })
  over <- function(a) {
    gain <- sign * (policies[, 1] - score[, a])
    error <- sqrt(var(influence[, 1] - influence_of[, a]) / n + between)
    list(over = levels[a], estimate = mean(gain), std_error = error, conf_low = mean(gain) - critical * error,
         conf_high = mean(gain) + critical * error, p_value = if (error > 0) 2 * pnorm(-abs(mean(gain) / error)) else 1)
  }
  gains <- lapply(seq_len(arms), over)
  field <- function(key) vapply(gains, function(gain) gain[[key]], 0)
  least <- which.max(sign * colMeans(score))
  gain <- list(estimate = gains[[least]]$estimate, std_error = gains[[least]]$std_error, conf_low = min(field("conf_low")),
               conf_high = min(field("estimate") + qnorm(1 - (1 - level) / 2 / arms) * field("std_error")),
               p_value = max(ifelse(field("std_error") > 0, pmin(1, 2 * pnorm(-field("estimate") / field("std_error"))), 1)),
               best_single = levels[least],
               n_changed = sum(rule != least))
  weight <- 1 / pmax(e[own], trim)
  counts <- lapply(seq_len(arms), function(a) {
    list(arm = levels[a], n = sum(arm == a), n_recommended = sum(rule == a),
         n_recommended_and_received = sum(rule == a & arm == a), ess = sum(weight[arm == a])^2 / sum(weight[arm == a]^2),
         n_trimmed = sum(e[, a] < trim))
  })
  expected <- list(method = "treatment_choice", n = n, n_missing = nrow(data) - n, converged = TRUE,
                   beats_best_single = min(field("conf_low")) > 0 && sum(rule != least) >= 30, gain = gain, gain_by_drug = gains,
                   policies = values, arms = counts, outcome_family = if (binary) "binomial" else "gaussian",
                   ess = sum(weight)^2 / sum(weight^2))
  if (is.null(forest)) {
    expected$learning <- list(lambda = all_rows$lambdas[best], lambda_by_fold = vector_of(chosen_lambda))
  } else {
    expected$learning <- list(trees = grown$trees, trees_by_fold = vector_of(grown$trees_by_fold))
    information <- vapply(seq_len(arms), function(a) sum(arm == a) * if (binary) mean(y[arm == a]) * (1 - mean(y[arm == a])) else 1 / scale^2, 0)
    expected$model <- list(intervals = list(std_error = setNames(as.list(sqrt(grown$spread + (ncol(x) + 1) / information)), levels)))
  }
  if (binary) {
    expected$calibration <- choice_calibration(q[own], y, arm, levels)
    expected$sample_size <- choice_sample_size(q[own], y, arm, levels, if (is.null(forest)) ncol(x) else NA)
  }
  expected$discrimination <- choice_discrimination(q[own], y, arm, levels, binary, level)
  for (a in seq_len(arms - 1)) for (b in (a + 1):arms) {
    ends <- if (sign > 0) c(a, b) else c(b, a)
    expected$benefit <- c(expected$benefit, list(c(
      list(first = levels[a], second = levels[b]),
      choice_benefit(sign * (q[, a] - q[, b]), sign * (score[, a] - score[, b]), q[, ends[1]], q[, ends[2]], arm, ends[1], ends[2], weight, y, binary, critical))))
  }
  expected$congruence <- lapply(list(received_recommended = rule == arm, received_another = rule != arm),
                                function(which) list(n = sum(which), outcome = mean(y[which])))
  asked <- "calibration"
  if (!is.null(thresholds)) {
    asked <- c(asked, "net_benefit")
    reference <- if (length(guideline) > 0) match(guideline[1], levels) else least
    expected$net_benefit <- list(reference = levels[reference], thresholds = lapply(thresholds, function(t) {
      choice_net_benefit(t, sign * q, sign * score, sign * influence_of, sign * q_without, fold, reference, levels, critical)
    }))
  }
  if (between_sites) {
    asked <- c(asked, "between_sites")
    kept <- setdiff(seq_len(nrow(data)), attr(frame, "na.action"))
    site <- data$site[kept]
    gain_of <- sign * (policies[, 1] - score[, least])
    expected$between_sites <- list(gain = choice_heterogeneity(tapply(gain_of, site, mean), tapply(gain_of, site, var) / tapply(gain_of, site, length), level, identity))
    if (binary) {
      within <- choice_within_sites(q[own], y, arm, site, levels, level)
      expected$discrimination$within_sites <- within$told
      expected$between_sites$auc <- choice_heterogeneity(qlogis(within$auc), within$variance / (within$auc * (1 - within$auc))^2, level, plogis)
    }
    expected$between_sites$shift <- lapply(all.vars(reformulate(covariates)), function(input) choice_shift(input, data, kept))
  }
  if (heterogeneity) {
    asked <- c(asked, "heterogeneity")
    columns <- model.matrix(reformulate(covariates), frame)
    for (a in seq_len(arms - 1)) for (b in (a + 1):arms) {
      line <- choice_line(sign * (score[, a] - score[, b]), columns, critical)
      expected$heterogeneity <- c(expected$heterogeneity, list(c(list(first = levels[a], second = levels[b]), line)))
    }
  }
  if (length(subgroups) > 0) {
    asked <- c(asked, "subgroups")
    among <- data[setdiff(seq_len(nrow(data)), attr(frame, "na.action")), ]
    expected$subgroups <- choice_subgroups(subgroups, among, abs(q[cbind(seq_len(n), rule)] - q[, least]),
                                           sign * (policies[, 1] - score[, least]), q[own], y, binary, level, sign * q, sign * score, levels)
  }
  if (!is.null(policy_tree)) {
    asked <- c(asked, "policy_tree")
    columns <- data[setdiff(seq_len(nrow(data)), attr(frame, "na.action")), all.vars(reformulate(covariates))]
    names(policy_tree) <- sub("policy_tree_", "", names(policy_tree))
    if (!is.null(policy_tree$columns)) columns <- columns[policy_tree$columns]
    tree <- do.call(choice_policy_tree, c(list(columns, score, arm, fold, sign, levels, policies, influence, influence_by, between, level),
                                          policy_tree[setdiff(names(policy_tree), "columns")]))
    expected$policies <- c(expected$policies, list(tree$row))
    expected$policy_tree <- tree$told
  }
  if (!is.null(causal_forest)) {  # halves are drawn by the column id
    asked <- c(asked, "causal_forest")
    kept <- setdiff(seq_len(nrow(data)), attr(frame, "na.action"))
    grown <- do.call(choice_causal_forest, c(list(data[kept, all.vars(reformulate(covariates))], data$id[kept], q, e, trim, y, score, arm, fold, sign, levels,
                                                  policies, influence, influence_by, between, level, weight, binary), causal_forest))
    expected$policies <- c(expected$policies, list(grown$row))
    expected$causal_forest <- grown$told
  }
  study <- list(name = name, method = "treatment_choice", outcome = outcome, treatment = treatment,
                covariates = vector_of(covariates), fold_column = "fold", folds = folds, alpha = alpha, direction = direction,
                evaluation = vector_of(asked))
  if (!is.null(forest)) {
    study$alpha <- NULL
    study <- c(study, list(learner = "boosted_trees"), forest)
  }
  if (length(guideline) > 0) study$guideline <- vector_of(guideline)
  if (length(subgroups) > 0) study$subgroups <- vector_of(subgroups)
  if (trim != 0.02) study$trim <- trim
  if (ridge != 1) study$ridge <- ridge
  if (!is.null(thresholds)) study$thresholds <- vector_of(thresholds)
  if (!is.null(policy_tree)) {
    for (key in names(policy_tree)) study[[paste0("policy_tree_", key)]] <- if (key == "columns") vector_of(policy_tree$columns) else policy_tree[[key]]
  }
  if (!is.null(causal_forest)) {
    study$id <- "id"
    for (key in names(causal_forest)) study[[paste0("causal_forest_", key)]] <- causal_forest[[key]]
  }
  study$conf_level <- conf_level
  list(study = study, expected = expected)
}

# The reference for all but those to whom another drug promises more than t: what each gains by it, less t, is 0 or
# that; what the rule without another fold changes in it, folds' covariance. q, score, q_without: larger is better.
choice_net_benefit <- function(t, q, score, influence, q_without, fold, reference, levels, critical) {
  n <- nrow(q)
  net_of <- function(q) {
    arm <- max.col(q, ties.method = "first")
    switched <- q[cbind(seq_len(n), arm)] - q[, reference] > t
    list(switched = switched, net = ifelse(switched, score[cbind(seq_len(n), arm)] - score[, reference] - t, 0))
  }
  told <- function(net, variance) {
    error <- sqrt(variance)
    list(estimate = mean(net), std_error = error, conf_low = mean(net) - critical * error, conf_high = mean(net) + critical * error)
  }
  own <- net_of(q)
  between <- 0
  for (g in seq_len(max(fold))) {
    rows <- fold != g
    between <- between + sum((own$net - net_of(q_without[, g, ])$net)[rows]^2) / n^2 / 5
  }
  others <- setdiff(seq_along(levels), reference)
  drugs <- lapply(others, function(a) c(list(drug = levels[a]), told(score[, a] - score[, reference] - t, var(influence[, a] - influence[, reference]) / n)))
  estimates <- c(0, vapply(drugs, function(drug) drug$estimate, 0), mean(own$net))
  list(threshold = t, n_switched = sum(own$switched), share_switched = mean(own$switched), rule = told(own$net, var(own$net) / n + between),
       drugs = drugs, best = c(levels[c(reference, others)], "rule")[which.max(estimates)])
}

# By level, or band of age: the gain over the best single drug, predicted and of scores; the outcome under the drug that
# was received, observed and predicted (q), with the area of predictions in twentieths; and of every two drugs the
# gain of scores and its line on the prediction. all_q, scores: by drug, larger is better.
choice_subgroups <- function(columns, among, predicted, gain, q, y, binary, level, all_q, scores, levels) {
  critical <- qnorm(0.5 + level / 2)
  twentieth <- if (binary) {
    bin <- choice_scores(q)
    below <- vapply(0:1999, function(b) sum(bin <= b), 0)
    first <- 0
    for (b in 0:1998) if (20 * below[b + 1] >= length(first) * length(q) && below[b + 1] < length(q)) first <- c(first, b + 1)
    findInterval(bin, first)
  }
  area <- function(at) {
    fit <- pROC::roc(y[at], twentieth[at], levels = 0:1, direction = "<", algorithm = 1)
    interval <- as.vector(pROC::ci.auc(fit, conf.level = level, method = "delong"))
    list(auc = as.numeric(fit$auc), std_error = sqrt(pROC::var(fit, method = "delong")), conf_low = interval[1], conf_high = interval[3])
  }
  around <- function(x) {
    error <- sqrt(var(x) / length(x))
    list(estimate = mean(x), std_error = error, conf_low = mean(x) - critical * error, conf_high = mean(x) + critical * error)
  }
  of_column <- function(column) {
    values <- among[[column]]
    group <- if (column == "age") cut(values, c(-Inf, 40, 65, Inf), c("below 40", "40 to below 65", "65 and above"), right = FALSE) else factor(values)
    lapply(levels(group), function(name) {
      at <- which(group == name)
      square <- mean((y[at] - q[at])^2)
      explained <- 1 - square / mean((y[at] - mean(y[at]))^2)
      sizes <- if (binary) list(brier = square, scaled_brier = explained) else list(rmse = sqrt(square), r_squared = explained)
      if (binary) sizes$discrimination <- area(at)
      benefit <- list()
      for (a in seq_len(length(levels) - 1)) for (b in (a + 1):length(levels)) {
        d <- all_q[at, a] - all_q[at, b]
        effect <- scores[at, a] - scores[at, b]
        benefit <- c(benefit, list(c(list(first = levels[a], second = levels[b], predicted = mean(d)), around(effect),
                                     list(slope = unname(coef(lm(effect ~ d))[2])))))
      }
      c(list(variable = column, level = name, n = length(at), predicted = mean(predicted[at])), around(gain[at]),
        list(benefit = benefit, outcome = c(list(observed = mean(y[at]), predicted = mean(q[at]), difference = around(y[at] - q[at])), sizes)))
    })
  }
  do.call(c, lapply(columns, of_column))
}

# Sites' estimates put together by metafor; errors of Hartung and Knapp, never narrower than without. A site whose rule
# gives everybody the best single drug has none.
choice_heterogeneity <- function(estimate, variance, level, scale) {
  estimate <- estimate[which(variance > 0)]
  variance <- variance[which(variance > 0)]
  if (length(estimate) < 2) return(NA)
  fit <- metafor::rma.uni(yi = as.numeric(estimate), vi = as.numeric(variance), method = "DL", test = "adhoc", level = 100 * level)
  further <- predict(fit)
  list(sites = fit$k, estimate = scale(c(fit$beta)), conf_low = scale(fit$ci.lb), conf_high = scale(fit$ci.ub), tau2 = fit$tau2,
       i2 = fit$I2, q = fit$QE, q_p_value = fit$QEp, prediction_low = scale(further$pi.lb), prediction_high = scale(further$pi.ub))
}

# Of all pairs of a person with and one without the outcome at one site, the part that is in order; sites with two of each.
choice_within_sites <- function(q, y, arm, site, levels, level) {
  by_site <- function(rows) {
    sites <- Filter(function(s) min(sum(y[rows & site == s]), sum(1 - y[rows & site == s])) >= 2, sort(unique(site)))
    of <- vapply(sites, function(s) {
      at <- rows & site == s
      fit <- pROC::roc(y[at], choice_scores(q[at]), levels = 0:1, direction = "<", algorithm = 1)
      c(as.numeric(fit$auc), pROC::var(fit, method = "delong"), sum(y[at]) * sum(1 - y[at]))
    }, c(0, 0, 0))
    pairs <- of[3, ] / sum(of[3, ])
    auc <- sum(pairs * of[1, ])
    error <- sqrt(sum(pairs^2 * of[2, ]))
    half <- qnorm(0.5 + level / 2) * error
    list(of = of, told = list(auc = auc, std_error = error, conf_low = max(0, auc - half), conf_high = min(1, auc + half), sites = length(sites)))
  }
  all <- by_site(rep(TRUE, length(y)))
  arms <- lapply(seq_along(levels), function(a) c(list(arm = levels[a]), by_site(arm == a)$told))
  list(told = list(all = all$told, arms = arms), auc = all$of[1, ], variance = all$of[2, ])
}

# Population stability of an input in ten groups, as far as bins of a twentieth of a standard deviation allow.
choice_shift <- function(input, data, kept) {
  values <- data[[input]][kept]
  site <- data$site[kept]
  n <- length(values)
  group <- values
  if (is.numeric(values)) {
    bin <- pmin(199, pmax(0, floor(((values - mean(values)) / sd(values) + 5) / 0.05)))
    below <- vapply(0:199, function(b) sum(bin <= b), 0)
    # A group ends with the bin that reaches its tenth; where a bin reaches several, the next groups have a bin each.
    first <- 0
    for (b in 0:198) if (10 * below[b + 1] >= length(first) * n && below[b + 1] < n) first <- c(first, b + 1)
    group <- findInterval(bin, first)
  }
  sites <- sort(unique(site))
  counts <- table(factor(site, sites), group)
  all <- colSums(counts)
  share <- function(count) (count + 0.5) / (sum(count) + length(count) / 2)
  index <- apply(counts, 1, function(count) sum((share(count) - share(all)) * log(share(count) / share(all))))
  persons <- rowSums(counts)
  beyond <- pchisq(persons * index / (1 - persons / n), length(all) - 1, lower.tail = FALSE) < 0.01
  missing <- tapply(is.na(data[[input]]), factor(data$site, sites), mean)
  list(input = input, stability_index = sum(persons * index) / n, index_if_alike = (length(all) - 1) * (length(sites) - 1) / n,
       sites = length(sites), sites_shifted = sum(beyond & index > 0.1), sites_much_shifted = sum(beyond & index > 0.25),
       sites_missing_some = sum(missing > 0.05), sites_missing_many = sum(missing > 0.2))
}

# The line of an effect's scores on the covariates, with errors that hold whatever the scores' variances are.
choice_line <- function(effect, columns, critical) {
  fit <- lm(effect ~ 0 + columns)
  b <- unname(coef(fit))
  kept <- !is.na(b)
  v <- unname(sandwich::vcovHC(fit, type = "HC3"))
  error <- replace(b, kept, sqrt(diag(v)[seq_len(sum(kept))]))
  slopes <- seq_len(sum(kept))[-1]
  statistic <- drop(b[kept][slopes] %*% solve(v[slopes, slopes], b[kept][slopes]))
  terms <- lapply(seq_along(b), function(j) {
    list(term = colnames(columns)[j], estimate = b[j], std_error = error[j], conf_low = b[j] - critical * error[j],
         conf_high = b[j] + critical * error[j], p_value = 2 * pnorm(-abs(b[j] / error[j])))
  })
  list(terms = terms, statistic = statistic, df = length(slopes), p_value = pchisq(statistic, length(slopes), lower.tail = FALSE))
}

# Benefit of arm a over b: persons ranked by their bin of the predicted benefit d, written out person by person. Rates as
# grf's rank_average_treatment_effect.fit gives them for ties; pairs of a person with a and one with b of one bin.
choice_benefit <- function(d, gain, q_a, q_b, arm, a, b, weight, y, binary, critical) {
  told <- function(estimate, error) {
    list(estimate = estimate, std_error = error, conf_low = estimate - critical * error, conf_high = estimate + critical * error)
  }
  n <- length(d)
  center <- mean(d)
  deviation <- sqrt(mean(d^2) - center^2)
  bin <- pmin(19, pmax(0, floor(((d - center) / deviation + 3) / 0.3)))
  order_of <- order(-bin)
  tied <- ave(gain, bin)[order_of]
  curve <- cumsum(tied) / seq_len(n) - mean(gain)
  e <- gain - mean(gain)
  # What each person's gain counts in a rate: the rate of a gain of 1 shared by the bin.
  counts <- function(rate) {
    of_bin <- vapply(sort(unique(bin)), function(k) rate(cumsum(((bin == k) / sum(bin == k))[order_of]) / seq_len(n)), 0)
    of_bin[match(bin, sort(unique(bin)))]
  }
  error <- function(rate) {
    weights <- counts(rate)
    sqrt(sum((weights - mean(weights))^2 * e^2))
  }
  autoc <- function(curve) mean(curve)
  qini <- function(curve) mean(curve * seq_len(n) / n)
  means <- ave(d, bin)
  line <- lm(gain ~ means)
  off <- abs(fitted(line) - means)
  result <- list(mean = told(mean(gain), sd(gain) / sqrt(n)), autoc = told(autoc(curve), error(autoc)),
                 qini = told(qini(curve), error(qini)), slope = unname(coef(line)[2]), e_average = mean(off),
                 e_50 = sort(off)[ceiling(n / 2)], e_90 = sort(off)[ceiling(0.9 * n - 1e-9)])
  if (!binary) return(result)
  bins <- Filter(function(k) any(bin == k & arm == a) && any(bin == k & arm == b), sort(unique(bin)))
  chance <- t(vapply(bins, function(k) vapply(c(a, b), function(s) weighted.mean(y[bin == k & arm == s], weight[bin == k & arm == s]), 0), c(0, 0)))
  spread <- t(vapply(bins, function(k) vapply(c(a, b), function(s) {
    own <- bin == k & arm == s
    sum((weight[own] * (y[own] - weighted.mean(y[own], weight[own])))^2) / sum(weight[own])^2
  }, 0), c(0, 0)))
  size <- vapply(bins, function(k) sum(bin == k), 0)
  pair <- function(p) cbind((1 - p[, 1]) * p[, 2], p[, 1] * p[, 2] + (1 - p[, 1]) * (1 - p[, 2]), p[, 1] * (1 - p[, 2]))
  concordance <- function(p) {
    o <- pair(p)
    larger <- outer(o[, 3], o[, 1] + o[, 2]) + outer(o[, 2], o[, 1])  # [i, j]: i's benefit is larger than j's
    both <- size %o% size * (larger + t(larger))
    sure <- size %o% size * larger
    up <- row(sure) > col(sure)
    (sum(sure[up]) + sum(diag(both)) / 4) / (sum(both[up]) + sum(diag(both)) / 2)
  }
  slopes <- chance
  for (i in seq_along(chance)) {
    step <- replace(chance * 0, i, 1e-5)
    slopes[i] <- (concordance(chance + step) - concordance(chance - step)) / 2e-5
  }
  said <- pair(t(vapply(bins, function(k) c(mean(q_a[bin == k]), mean(q_b[bin == k])), c(0, 0))))
  seen <- pair(chance)
  c(result, list(c_for_benefit = told(concordance(chance), sqrt(sum(slopes^2 * spread))),
                 brier_for_benefit = sum(size / sum(size) * rowSums(said^2 - 2 * said * seen + seen)) / 2,
                 cross_entropy_for_benefit = -sum(size / sum(size) * rowSums(ifelse(seen > 0, seen * log(said), 0)))))
}

# Predictions out of fold of the drug received. Areas are pROC's on bins of a hundredth of the log odds.
choice_scores <- function(q) pmin(1999, pmax(0, floor((qlogis(q) + 10) / 0.01)))
choice_discrimination <- function(q, y, arm, levels, binary, level) {
  of <- function(rows) {
    squares <- mean((y[rows] - q[rows])^2)
    explained <- 1 - squares / mean((y[rows] - mean(y[rows]))^2)
    if (!binary) return(list(rmse = sqrt(squares), r_squared = explained))
    fit <- pROC::roc(y[rows], choice_scores(q[rows]), levels = 0:1, direction = "<", algorithm = 1)
    interval <- as.vector(pROC::ci.auc(fit, conf.level = level, method = "delong"))
    list(auc = as.numeric(fit$auc), std_error = sqrt(pROC::var(fit, method = "delong")), conf_low = interval[1], conf_high = interval[3],
         brier = squares, scaled_brier = explained)
  }
  list(all = of(seq_along(y)), arms = lapply(seq_along(levels), function(a) c(list(arm = levels[a]), of(which(arm == a)))))
}

# Curves are of predictions in the middle of such bins, on a natural spline with knots at persons of the 5, 35, 65 and 95 %.
choice_curve <- function(q, y) {
  middle <- (choice_scores(q) + 0.5) * 0.01 - 10
  n <- length(q)
  outer <- ceiling(n / 20)
  knots <- sort(middle)[c(outer, ceiling(7 * n / 20), ceiling(13 * n / 20), n + 1 - outer)]
  if (any(diff(knots) <= 0)) return(list(ici = NA, e_50 = NA, e_90 = NA))
  basis <- function(x) matrix(splines::ns(x, knots = knots[2:3], Boundary.knots = knots[c(1, 4)]), length(x))
  columns <- basis(middle)
  fit <- glm(y ~ columns, family = binomial, control = glm.control(epsilon = 1e-15, maxit = 50))
  off <- abs(fitted(fit) - plogis(middle))
  at <- Filter(function(p) qlogis(p) >= knots[1] && qlogis(p) <= knots[4], seq_len(19) / 20)
  list(ici = mean(off), e_50 = sort(off)[ceiling(n / 2)], e_90 = sort(off)[ceiling(0.9 * n - 1e-9)],
       curve = lapply(at, function(p) list(predicted = p, observed = plogis(sum(coef(fit) * c(1, basis(qlogis(p))))))))
}

# What pmsampsize(type = "b") of package pmsampsize asks for, with the R squared of the predictions out of fold.
choice_sample_size <- function(q, y, arm, levels, parameters) {
  lapply(seq_along(levels), function(a) {
    own <- y[arm == a]
    n <- length(own)
    eta <- (choice_scores(q[arm == a]) + 0.5) * 0.01 - 10
    risk <- mean(own)
    null <- sum(dbinom(own, 1, risk, log = TRUE))
    r2 <- 1 - exp(-2 / n * (sum(dbinom(own, 1, plogis(eta), log = TRUE)) - null))
    needed <- function(shrinkage) if (is.na(parameters) || r2 <= 0) NA else ceiling(parameters / ((shrinkage - 1) * log(1 - r2 / shrinkage)))
    numbers <- c(shrinkage = needed(0.9), optimism = needed(r2 / (r2 + 0.05 * (1 - exp(2 * null / n)))),
                 overall_risk = ceiling((1.96 / 0.05)^2 * risk * (1 - risk)))
    list(arm = levels[a], n = n, n_events = sum(own), parameters = parameters, r2_cox_snell = r2, criteria = lapply(names(numbers), function(name) {
      needed <- numbers[[name]]
      enough <- if (!is.na(needed)) n >= needed else if (is.na(parameters)) NA else FALSE
      list(criterion = name, n_needed = needed, enough = enough)
    }))
  })
}

choice_calibration <- function(q, y, arm, levels) {
  fits <- lapply(seq_along(levels), function(a) {
    logit <- qlogis(q[arm == a])
    fit <- glm(y[arm == a] ~ logit, family = binomial, control = glm.control(epsilon = 1e-15, maxit = 50))
    c(list(predicted = mean(q[arm == a]), observed = mean(y[arm == a]), intercept = unname(coef(fit)[1]),
           slope = unname(coef(fit)[2])), choice_curve(q[arm == a], y[arm == a]))
  })
  names(fits) <- levels
  fits
}
