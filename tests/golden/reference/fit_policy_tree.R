# SPDX-License-Identifier: Apache-2.0
# A policy tree on pooled rows: every tree of at most two questions tried on the persons' own scores, without each fold, and
# without every two for what folds have learned from each other.

# Where the program cuts a number: bins of a twentieth of a standard deviation, joined to so many of like size; a cut is
# the shortest decimal near the middle between two bins that hold somebody.
policy_cuts <- function(x, bins) {
  scale <- sd(x)
  bin <- pmin(199, pmax(0, floor(((x - mean(x)) / scale + 5) / 0.05)))
  width <- 0.05 * scale
  held <- sort(unique(bin))
  cuts <- numeric()
  reached <- 0
  for (i in seq_len(length(held) - 1)) {
    full <- (sum(bin <= held[i]) * bins) %/% length(x)
    if (full <= reached) next
    reached <- full
    low <- mean(x) - 5 * scale + width * (held[i] + 1)
    high <- mean(x) - 5 * scale + width * held[i + 1]
    margin <- if (held[i + 1] == held[i] + 1) -width / 2 else (high - low) / 4
    for (digits in 0:16) {
      cut <- as.numeric(sprintf("%.*e", digits, (low + high) / 2))
      if (cut >= low + margin && cut <= high - margin) break
    }
    cuts <- c(cuts, cut)
  }
  cuts
}

# Questions of a column: their words, and who is on the left.
policy_questions <- function(name, x, bins) {
  if (is.character(x)) {
    return(lapply(sort(unique(x), method = "radix"), function(level) {
      list(yes = paste(name, "is", level), no = paste(name, "is not", level), left = x == level)
    }))
  }
  lapply(policy_cuts(x, bins), function(cut) {
    list(yes = paste(name, "<=", format(cut, digits = 15)), no = paste(name, ">", format(cut, digits = 15)), left = x <= cut)
  })
}

# The best tree of the persons `rows`: leaves with their words, persons, arm; score: larger is better. Of equal sums the first.
policy_best <- function(questions, score, rows, depth, least) {
  leaf <- function(rows) {
    sums <- colSums(score[rows, , drop = FALSE])
    list(value = max(sums), leaves = list(list(when = character(), arm = which.max(sums), rows = rows)))
  }
  best <- leaf(rows)
  if (depth == 0) return(best)
  for (question in questions) {
    left <- rows[question$left[rows]]
    right <- rows[!question$left[rows]]
    if (min(length(left), length(right)) < least) next
    sides <- list(policy_best(questions, score, left, depth - 1, least), policy_best(questions, score, right, depth - 1, least))
    value <- sides[[1]]$value + sides[[2]]$value
    if (value <= best$value + 1e-9) next  # sums of doubles: a tie is none
    words <- c(question$yes, question$no)
    best <- list(value = value, leaves = do.call(c, lapply(1:2, function(s) {
      lapply(sides[[s]]$leaves, function(leaf) list(when = c(words[s], leaf$when), arm = leaf$arm, rows = leaf$rows))
    })), question = question, sides = sides)
  }
  best
}
policy_arm <- function(tree, n) {
  arm <- function(tree, rows) {
    if (is.null(tree$question)) return(rep(tree$leaves[[1]]$arm, length(rows)))
    left <- tree$question$left[rows]
    named <- rep(0, length(rows))
    named[left] <- arm(tree$sides[[1]], rows[left])
    named[!left] <- arm(tree$sides[[2]], rows[!left])
    named
  }
  arm(tree, seq_len(n))
}
policy_words <- function(tree, levels) {
  vapply(tree$leaves, function(leaf) {
    paste0(if (length(leaf$when) == 0) "everybody" else paste(leaf$when, collapse = " and "), ": ", levels[leaf$arm])
  }, "")
}

# columns: those that may be asked; score: by arm; policies: a column for each other policy, the rule first, of which
# `between` is the variance that folds' covariance adds; influence: what a person counts with in these, influence_by(score, part): that by a policy with
# these scores, of which `part` is the received arm's. What is expected of `policy_tree`, and the row of `policies`.
choice_policy_tree <- function(columns, score, received, fold, sign, levels, policies, influence, influence_by, between, level, bins = 8, depth = 2) {
  n <- nrow(score)
  folds <- max(fold)
  critical <- qnorm(0.5 + level / 2)
  questions <- do.call(c, lapply(names(columns), function(name) policy_questions(name, columns[[name]], bins)))
  without <- function(out) policy_best(questions, sign * score, which(!(fold %in% out)), depth, 10)
  all_rows <- without(integer())
  single <- lapply(seq_len(folds), without)
  arm <- rep(0, n)
  for (f in seq_len(folds)) arm[fold == f] <- policy_arm(single[[f]], n)[fold == f]
  own <- score[cbind(seq_len(n), arm)]
  counts <- drop(influence_by(own, arm == received))
  changes <- 0
  for (f in seq_len(folds - 1)) for (g in (f + 1):folds) {
    named <- policy_arm(without(c(f, g)), n)
    for (rows in list(which(fold == f), which(fold == g))) changes <- changes + sum((own[rows] - score[cbind(rows, named[rows])])^2)
  }
  more <- changes / n^2 / 5
  estimate <- function(x, error) {
    list(estimate = mean(x), std_error = error, conf_low = mean(x) - critical * error, conf_high = mean(x) + critical * error)
  }
  difference <- function(x, counts, more) {
    error <- sqrt(var(counts) / n + more)
    c(estimate(x, error), list(p_value = if (error > 0) 2 * pnorm(-abs(mean(x) / error)) else 1))
  }
  gains <- lapply(seq_along(levels), function(a) {
    c(list(over = levels[a]), difference(sign * (own - score[, a]), counts - influence[, 1 + a], more))
  })
  field <- function(key) vapply(gains, function(gain) gain[[key]], 0)
  least <- which.max(sign * colMeans(score))
  gain <- list(estimate = gains[[least]]$estimate, std_error = gains[[least]]$std_error, conf_low = min(field("conf_low")),
               conf_high = min(field("estimate") + qnorm(1 - (1 - level) / 2 / length(levels)) * field("std_error")),
               p_value = max(pmin(1, 2 * pnorm(-field("estimate") / field("std_error")))), best_single = levels[least],
               n_changed = sum(arm != least))
  value <- estimate(own, sqrt(var(counts) / n + more))
  list(
    row = list(policy = "policy tree", kind = "policy_tree", value = value$estimate, std_error = value$std_error,
               conf_low = value$conf_low, conf_high = value$conf_high,
               gain_of_rule = difference(sign * (policies[, 1] - own), influence[, 1] - counts, between + more)),
    told = list(rule = as.list(policy_words(all_rows, levels)), leaves = lapply(all_rows$leaves, function(leaf) {
      list(when = if (length(leaf$when) == 0) "everybody" else paste(leaf$when, collapse = " and "), arm = levels[leaf$arm], n = length(leaf$rows))
    }), gain = gain, gain_by_drug = gains, by_fold = lapply(single, function(tree) as.list(policy_words(tree, levels)))))
}
