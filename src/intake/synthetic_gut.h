// SPDX-License-Identifier: Apache-2.0
// The bowel of a synthetic patient with Crohn's disease or ulcerative colitis: phenotype, what is found at a
// visit, and how it follows from the share of the activity that is gone. Private to the model in
// synthetic_ibd.cc.
#pragma once

#include "intake/synthetic_patient.h"
#include "intake/synthetic_random.h"

namespace clinnova::intake::synthetic {

/// What is found at one visit.
struct GutState {
  int wellbeing = 0, pain = 0, stools = 0, mass = 0, complications = 0;  ///< Harvey-Bradshaw index
  int ses_cd = 0;
  int mayo_stool = 0, mayo_bleeding = 0, mayo_physician = 0, mayo_endoscopy = 0;
  int uceis_vascular = 0, uceis_bleeding = 0, uceis_erosions = 0;
  int crp_tenths = 6;     ///< mg/L times 10; 6 is "<0.6"
  int calprotectin = 30;  ///< ug/g; 30 is "<30"
  int albumin = 0;        ///< g/L
  int haemoglobin_tenths = 0;
  int platelets = 0;
  int leukocytes_tenths = 0;
  int ferritin = 0;
  int creatinine = 0;  ///< umol/L

  /// Harvey-Bradshaw index or partial Mayo score.
  int Activity(bool crohn) const {
    return crohn ? wellbeing + pain + stools + mass + complications
                 : mayo_stool + mayo_bleeding + mayo_physician;
  }
};

/// One patient's disease.
struct Gut {
  bool crohn = false;
  int location = 0;   ///< L1 to L3 as 0 to 2
  int behaviour = 0;  ///< B1 to B3
  int extent = 0;     ///< E1 to E3
  Smoking smoking = Smoking::kNever;
  int prior_biologics = 0;
  bool on_steroid = false;
  bool on_azathioprine = false;
  bool on_mesalazine = false;
  GutState baseline = {};

  void DrawPhenotype(SyntheticRandom& random);
  SyntheticDiagnosis Diagnosis(Day date) const;
  /// Active disease: a Harvey-Bradshaw index of 5 or more, a partial Mayo score of 2 or more.
  void DrawBaseline(double log_crp_shift, bool female, int age, SyntheticRandom& random);
  /// After the share `improvement` of the baseline's activity is gone.
  GutState Improved(double improvement, SyntheticRandom& random) const;
  /// Moves items until the visit shows remission and endoscopic remission, or the lack of them.
  void Force(GutState& state, bool remission, bool endoscopic) const;
  /// The items of a visit; endoscopy's where it was `scoped`, what is asked once at the `first`.
  std::vector<SyntheticResult> Results(const GutState& state, bool scoped, bool first,
                                       double missing_shift, SyntheticRandom& missing) const;

 private:
  std::vector<SyntheticResult> Laboratory(const GutState& state, bool first, double missing_shift,
                                          SyntheticRandom& missing) const;
};

}  // namespace clinnova::intake::synthetic
