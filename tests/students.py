"""The rule that a student begins with, as in docs/writing_a_rule.md, for tests to change."""

from nofb.rules import Rule, Uses


class Student(Rule):
    """Feedback alignment; `send` determines how a signal is sent back."""

    name = "student"
    uses = Uses(error=True, feedback=True)

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = rng.normal(0, 0.3, layer.feedback_shape)

    def send(self, delta, layer):
        return delta @ layer.B

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, self.send(delta, layer))
