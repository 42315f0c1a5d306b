#include "cuda/executor.hpp"
#include "cuda/learner.hpp"

RFPP_JUDGEMENTS(template, rfpp::test::Executor)
