#include "../learner.hpp"

#include "../cpu/objective.hpp"
#include "rfpp/restorer/on_cpu.hpp"

using namespace rfpp;

template std::unique_ptr<Learner<RestoreFormerPlusPlusMedium>>
rfpp::on_cpu<LearnerService<RestoreFormerPlusPlusMedium>>(int, const TrainSettings&);
template std::unique_ptr<Learner<RohqdMedium>> rfpp::on_cpu<LearnerService<RohqdMedium>>(
    int, const TrainSettings&);
