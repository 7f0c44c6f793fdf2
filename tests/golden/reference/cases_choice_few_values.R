# SPDX-License-Identifier: Apache-2.0
# Treatment choices on published data whose columns have few values, so that a cut lies between every two.

# Women who had lost a child.
infertile <- data.frame(case = infert$case, induced = ifelse(infert$induced > 0, "some", "none"), age = infert$age, parity = infert$parity,
                        spontaneous = infert$spontaneous, fold = (seq_len(nrow(infert)) * 5) %% 3 + 1)
infertile <- with_sites(infertile, by_turn(nrow(infertile), 4))
golden_case("choice_infert", infertile, from = "datasets::infert", notes = choice_notes, analyses = list(
  choice_analysis("trees", infertile, "case", "induced", c("age", "parity", "spontaneous"), 3, direction = "lower",
                  forest = list(trees = 10, depth = 2, learning_rate = 0.3)),
  choice_analysis("policy_tree", infertile, "case", "induced", c("age", "parity", "spontaneous"), 3, direction = "lower", policy_tree = list(bins = 6))))
few_births <- data.frame(grams = MASS::birthwt$bwt, low = MASS::birthwt$low, smoke = ifelse(MASS::birthwt$smoke == 1, "yes", "no"), age = MASS::birthwt$age,
                         pounds = MASS::birthwt$lwt, hypertension = MASS::birthwt$ht, fold = rep(1:4, length.out = 189))
few_births <- with_sites(few_births, in_blocks(189, 3))
golden_case("choice_births_trees", few_births, from = "MASS::birthwt", notes = choice_notes, analyses = list(
  choice_analysis("trees", few_births, "low", "smoke", c("age", "hypertension"), 4, direction = "lower", forest = list(trees = 8, depth = 2, learning_rate = 0.3)),
  choice_analysis("policy_tree", few_births, "grams", "smoke", c("age", "pounds", "hypertension"), 4, policy_tree = list(bins = 6))))
