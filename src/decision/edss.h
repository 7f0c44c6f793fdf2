// SPDX-License-Identifier: Apache-2.0
// The Expanded Disability Status Scale from its functional systems and the walking range.
//
//   Edss({.pyramidal = 3, .sensory = 2, .ambulation = 1});   // 3.5
//
// Rules: J. F. Kurtzke, Neurology 33 (1983) 1444, as defined by Neurostatus (L. Kappos): the raw visual and
// bowel-and-bladder scores are converted first; from ambulation code 3 on, walking alone decides. They are
// held against a table of cases in edss_test.cc.
#pragma once

namespace clinnova::decision {

/// Raw scores, whole numbers in their ranges: visual, pyramidal, sensory and bowel_bladder 0-6; brainstem,
/// cerebellar and cerebral 0-5; ambulation 0-16 (0 unrestricted, 1 fully ambulatory but limited, 2 300-500 m,
/// 3 200-300 m, 4 100-200 m, 5 below 100 m, 6 one-sided aid 50 m and more, 7 two-sided 120 m and more, 8 one-
/// sided below 50 m, 9 two-sided 5-120 m, 10-15 wheelchair and bed, 16 death from MS).
struct FunctionalSystems {
  int visual = 0;
  int brainstem = 0;
  int pyramidal = 0;
  int cerebellar = 0;
  int sensory = 0;
  int bowel_bladder = 0;
  int cerebral = 0;
  int ambulation = 0;
};

/// 0 to 10. Precondition: the scores are in their ranges.
double Edss(const FunctionalSystems& systems);

}  // namespace clinnova::decision
