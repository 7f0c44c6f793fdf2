// SPDX-License-Identifier: Apache-2.0
// What the invariants txt-1 and txt-2 of FHIR R4 allow and forbid.
#include "intake/narrative.h"

#include <gtest/gtest.h>

#include <string>

namespace clinnova::intake {
namespace {

/// `inner` within a narrative's div.
std::string Div(const std::string& inner) {
  return R"(<div xmlns="http://www.w3.org/1999/xhtml">)" + inner + "</div>";
}

TEST(Narrative, TakesFormattingElements) {
  for (const char* inner :
       {"Anna", "<p>Anna <b>Muster</b></p>", "<p style=\"color: red\" class='x'>a<br/>b</p>",
        "<table border=\"1\"><tr><td colspan = \"2\">1 &lt; 2 &#160;&#xA0;</td></tr></table>",
        "<img src=\"#photo\" alt=\"\"/>", "<a href=\"http://example.org/?a=1&amp;b=2\">there</a>",
        "<!-- nothing -->x", "<![CDATA[ 1 < 2 ]]>", "<ul>\n <li>é</li>\n</ul >"}) {
    EXPECT_TRUE(KeepsNarrativeRules(Div(inner))) << inner;
  }
  EXPECT_TRUE(KeepsNarrativeRules(" " + Div("x") + "\n"));
}

TEST(Narrative, RefusesWhatIsNoFormatting) {
  for (const char* inner : {"<script>alert(1)</script>x", "<form>x</form>", "<iframe src=\"x\"/>x",
                            "<body>x</body>", "<object>x</object>", "<link href=\"x\"/>x",
                            "<P>x</P>", "<p onclick=\"x()\">x</p>", "<a xlink=\"x\">x</a>",
                            "<?php x ?>x", "<!DOCTYPE html>x", "<p xmlns=\"urn:other\">x</p>"}) {
    EXPECT_FALSE(KeepsNarrativeRules(Div(inner))) << inner;
  }
}

TEST(Narrative, RefusesWhatIsNotWellFormed) {
  for (const char* inner :
       {"<p>x", "x</p>", "<p>x</b>", "<p class=x>x</p>", "<p class>x</p>", "<p class=\"x>x</p>",
        "<p class=\"a\" class=\"b\">x</p>", "<p class=\"a\"id=\"b\">x</p>", "a & b", "&nbsp;x",
        "&#0;", "&#xD800;", "&#99999999999;", "<!-- x", "<![CDATA[x", "<", "</", "<p",
        "<p title=\"<\">x</p>"}) {
    EXPECT_FALSE(KeepsNarrativeRules(Div(inner))) << inner;
  }
  for (const std::string& text : {std::string(), std::string("x"), std::string("<div>x</div>"),
                                  std::string("<p xmlns=\"http://www.w3.org/1999/xhtml\">x</p>"),
                                  Div("x") + "x", Div("x") + Div("x")}) {
    EXPECT_FALSE(KeepsNarrativeRules(text)) << text;
  }
}

TEST(Narrative, WantsSomethingToReadOrToSee) {
  for (const char* inner : {"", " \n", "<p> </p>", "<br/>", "<img alt=\"x\"/>", "<!-- x -->"}) {
    EXPECT_FALSE(KeepsNarrativeRules(Div(inner))) << inner;
  }
}

}  // namespace
}  // namespace clinnova::intake
