# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: -all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 Iterated inverses: what should a target be?
#
# > **Minutes**: 50 to read and answer, under one to run. **Before this**: 07, target propagation;
# > singular values and the pseudo-inverse. **Seed**: 0 everywhere.
#
# A difference target is nearly what the layer above asks for. Bengio (2020) asks for all of it:
# repeat the difference until the layer, going up from its target, would reach the target above. The
# paper proves that this works, and that what comes out is not a gradient but something that is
# often thought better. It has no experiments. So we make some.
#
# **If a target can be made exact, does a network learn better from it?**

# %%
import warnings

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import DEFAULT, GAUSS_NEWTON, ContractionWarning
from nofb.papers.bengio2020.anatomy import SHADES, figure
from nofb.papers.bengio2020.changes import ITERATIONS, over_iterations
from nofb.papers.bengio2020.contraction import contraction
from nofb.plots import LivePlot, Picture, in_notebook, slider
from nofb.plots.curves import draw_rule, epoch_axis, percent
from nofb.plots.style import HUES, OKABE_ITO, look, using

SEED, EPOCHS = 0, 15
COLOURS = [OKABE_ITO[hue] for hue in HUES]

# %% [markdown]
# ## The iteration
#
# A layer $f$ and a target $t$ for what it gives. Which $h$ does $f(h) = t$? We have a guess at the
# inverse, $g$, that is somewhat wrong. So see where $h$ leads, and send the difference down:
#
# $$
# h^{(k+1)} = h^{(k)} + g(t) - g(f(h^{(k)})), \qquad h^{(0)} = h_{l-1}
# $$
#
# Look at the first step. $f(h_{l-1}) = h_l$, so $h^{(1)} = h_{l-1} + g(t_l) - g(h_l)$: that is the
# difference target of lesson 07. It was the first of many.


# %%
def iterates(f, g, t, h, times):
    """Return h⁽⁰⁾, h⁽¹⁾, ... , each (N, n_below), on the way to f(h) = t."""
    path = [h]
    for _ in range(times):
        path.append(path[-1] + g(t) - g(f(path[-1])))
    return path


# %% [markdown]
# Write $r(h) = g(f(h)) - h$ for what a trip up and back gets wrong, and $h^*$ for the solution.
# Then $h^{(k+1)} = g(t) - r(h^{(k)})$ and $h^* = g(t) - r(h^*)$. Take the difference:
#
# $$
# h^{(k+1)} - h^* = r(h^*) - r(h^{(k)}), \qquad
# \lVert h^{(k)} - h^* \rVert \leq \rho^k\, \lVert h^{(0)} - h^* \rVert
# $$
#
# with the Lipschitz constant $\rho$ of $r$. An inverse may be 30 % wrong, and five iterations are
# right to 0.2 %. It may not be 100 % wrong.
#
# Two linear units make it visible. $g \circ f = \mathrm{id} + \rho R$ with a rotation $R$: each
# error is multiplied by $\rho$ exactly, and turned. Make $g$ worse, up to 1 and beyond.


# %%
def spiral(rho):
    """Draw the iterates of a layer with an inverse that is wrong by ρ, and their errors."""
    turn = np.radians(140)
    R = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    W = np.array([[1.2, 0.4], [-0.5, 0.9]])
    G = np.linalg.inv(W) @ (np.eye(2) + rho * R)
    solution, h = np.array([[0.0, 0.0]]), np.array([[1.0, 0.6]])
    path = iterates(lambda h: h @ W, lambda z: z @ G, solution @ W, h, 20)
    errors = [np.linalg.norm(h - solution) for h in path]
    with using("light") as theme:
        picture = Picture(9.6, 4, theme)
        plane, law = picture.subplots(1, 2, width_ratios=[1, 1.3])
        plane.plot(*np.concatenate(path).T, "-o", color=COLOURS[1], ms=4, lw=1)
        plane.plot(*solution.T, "+", color=theme.ink, ms=14)
        for k in (0, 1, 2):
            away = 20 * path[k][0] / errors[k]
            name, middle = f"h⁽{'⁰¹²'[k]}⁾", {"ha": "center", "va": "center"}
            plane.annotate(name, path[k][0], away, textcoords="offset points", **middle)
        plane.set(
            xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal", title="states below the layer"
        )
        plane.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        law.plot(errors, "o", color=COLOURS[1], label="‖h⁽ᵏ⁾ - h*‖, measured")
        law.plot(
            errors[0] * rho ** np.arange(21.0), color=theme.ink, lw=1, label="ρᵏ times its start"
        )
        law.set(yscale="log", ylim=(1e-6, 30), xlabel="iteration k", title=f"ρ = {rho:g}")
        law.set_xticks(range(0, 21, 5))
        law.legend(loc="lower left")
    return picture


slider(spiral, rho=[0.1, 0.3, 0.5, 0.7, 0.9, 1, 1.1])

# %% [markdown]
# And for an inverse that has *learned*? A layer of 60 tanh units above 20; its inverse got 150, 300
# or 600 lessons. Dots are measured, the worst of 50 samples. Lines are $\rho^k$ with the largest
# $\rho$ that was met on the way, and no dot may lie above its line.

# %%
with using("light") as theme:
    picture = Picture(6.4, 3.6, theme)
    axes = picture.subplots()
    for lessons, colour in zip((150, 300, 600), COLOURS, strict=False):
        found = contraction({"lessons": lessons})
        bound = found["constant"] ** np.arange(13.0)
        label = f"{lessons} lessons: ρ = {found['constant']:.2f}"
        axes.plot(found["error"], "o", color=colour, label=label)
        axes.plot(bound, color=colour, lw=1)
    axes.set(
        yscale="log", xlabel="iteration", title="error, over its start", xticks=range(0, 13, 3)
    )
    axes.legend(loc="lower left")
picture

# %% [markdown]
# The library's rule is this iteration, layer after layer down. One iteration must give **dtp**'s
# targets, and none at all, begun at $g(t)$, those of **tp**:

# %%
digits = nofb.datasets.load("digits").centred().flat()


def build(hidden=5, **options):
    """Return a network 64-64-...-64-10 of tanh layers."""
    layers = [Dense(64, 64, activation="tanh") for _ in range(hidden)]
    return Network([*layers, Dense(64, 10)], seed=SEED, **options)


def targets(rule):
    """Return the targets of an untrained network, from the output down."""
    net = build(3, dtype=np.float64)
    rule.attach(net, seed=SEED)
    trace = net.forward(digits.x_test[:50]).set_target(np.eye(10)[digits.y_test[:50]])
    return [t.copy() for _, t in rule.targets(net, trace)]


step = {"step_size": 0.1}
xavier = {"gradient_at_top": False, "inverse_init": "xavier"}
same = [
    (rules.make("itp", iterations=1, **step), rules.make("dtp", **xavier, **step)),
    (rules.IteratedFromInverse(iterations=0, **step), rules.make("tp", **step)),
]
for ours, theirs in same:
    pairs = zip(targets(ours), targets(theirs), strict=True)
    most = max(abs(a - b).max() for a, b in pairs)
    print(f"largest difference {most:.0e}")

# %% [markdown]
# ## The best change
#
# Say all this works, and each target is met. What has the lowest layer been asked for? A change
# $\Delta$ of its $h_l$ that moves the output by just what is wanted, $-\hat\eta\, e$. With $J_l$,
# the Jacobian of the output with respect to $h_l$, (n_L, n_l), there are two questions, and a
# gradient answers neither:
#
# $$
# \begin{aligned}
# \text{gradient:} && \Delta_l &= -\hat\eta\, e\, J_l
# && \text{each unit by what it would change} \\
# \text{any solution:} && \Delta_l J_l^\top &= -\hat\eta\, e
# && \text{the output moves as it was asked to} \\
# \text{Gauss-Newton:} && \Delta_l &= -\hat\eta\, e\, (J_l J_l^\top)^{-1} J_l
# && \text{the shortest of those}
# \end{aligned}
# $$


# %%
def gauss_newton(J, e, damping=0.0):
    """Return the smallest change of h (n_l,) that moves the output by e (n_L,); J is (n_L, n_l)."""
    return np.linalg.solve(J @ J.T + damping * np.eye(len(J)), e) @ J


def unnoticed(J, change):
    """Return the part of a change that the output does not notice: in the null space of J."""
    return change - gauss_newton(J, J @ change)


# %% [markdown]
# On the left, two units and two outputs. Rings are equally good for the output. The gradient leaves
# at a right angle to its ring and misses the middle; Gauss-Newton goes there. On the right, two
# units and *one* output. All of the dashed line gives what is wanted. The shortest way meets it at
# a right angle. The long arrow gets there as well, and wastes most of its length *along* the line,
# where the output notices nothing.


# %%
def arrow(axes, start, change, colour, label):
    style = {"arrowstyle": "-|>", "color": colour, "lw": 2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", start + change, start, arrowprops=style)
    axes.plot([], [], color=colour, lw=2, label=label)


h = np.array([-1.0, 0.4])
with using("light") as theme:
    picture = Picture(9.6, 4.2, theme)
    two, one = picture.subplots(1, 2)
    J = np.array([[0.7, 0.9], [-0.25, 1.4]])
    x, y = np.meshgrid(np.linspace(-1.6, 1.2, 200), np.linspace(-1, 1.2, 200))
    height = np.linalg.norm(np.stack([x, y], axis=-1) @ J.T, axis=-1)
    levels = np.linalg.norm(J @ h) * np.array([0.25, 0.5, 0.75, 1, 1.25, 1.5])
    two.contour(x, y, height, levels=levels, colors=[theme.faint], linewidths=0.7)
    arrow(two, h, -0.4 * (J @ h) @ J, COLOURS[0], "gradient")
    arrow(two, h, -gauss_newton(J, J @ h), COLOURS[3], "Gauss-Newton")
    row = np.array([[0.8, 0.5]])
    line = np.array([[0.5, -0.8]]) * np.linspace(-2, 2, 2)[:, None]
    one.plot(*line.T, "--", color=theme.faint)
    best, along = -gauss_newton(row, row @ h), np.array([0.5, -0.8])
    arrow(one, h, best, COLOURS[3], "Gauss-Newton, the shortest")
    arrow(one, h, best + along, COLOURS[1], "another solution")
    arrow(one, h + best, along, COLOURS[2], "its unnoticed part")
    for axes in (two, one):
        axes.plot(*h, "o", color=theme.ink)
        axes.set(xlim=(-1.6, 1.2), ylim=(-1, 1.2), aspect="equal", xlabel="first unit")
        axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axes.legend(loc="upper right")
    two.set_ylabel("second unit")
picture

# %% [markdown]
# With square layers and exact inverses there is only one solution, so iterated targets *are*
# Gauss-Newton's. That is the paper's claim. And Gauss-Newton has a good name: it is a second-order
# method.
#
# ## The experiment
#
# Five hidden layers of 64 tanh units on digits; inverses take one step with each batch, then
# weights. With one iteration (that is **dtp**), two, three, five. *Write down what you expect.*
# Then run it.

# %%
PLAIN = {"noise": 0.0837, "inverse_lr": 1.96e-3, "step_size": 0.2195, "layer_norm": False}


def train(name, watch=(), **settings):
    """Return one run on digits, 64-5×64-10."""
    net, rule = build(), rules.make(name, **settings)
    probe = nofb.Probe(samples=50, measures=DEFAULT + GAUSS_NEWTON)
    options = {"optimizer": nofb.Adam(lr=0.001), "probe": probe, "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ContractionWarning)  # it is what we look at
        return nofb.fit(net, rule, digits, EPOCHS, 32, seed=SEED, callbacks=watch, **options)


watch = [LivePlot(epochs=EPOCHS)] if in_notebook() else []
iterated = {5: train("itp", watch, iterations=5, **PLAIN)}

# %%
iterated |= {K: train("itp", iterations=K, **PLAIN) for K in (3, 2, 1)}
runs = {name: train(name) for name in ("bp", "shallow")}


def accuracy(axes, theme, numbers, others):
    """Draw test accuracy over epochs: of so many iterations, and of other rules."""
    for K, colour in zip((1, 2, 3, 5), SHADES[1:], strict=True):
        if K in numbers:
            curve = iterated[K].history.from_start("test_accuracy")
            axes.plot(curve, color=colour, lw=1.8, label=f"itp, K = {K}")
    for name in others:
        draw_rule(axes, name, runs[name].history.from_start("test_accuracy")[None], theme)
    axes.set(title="test accuracy", ylim=(0, 1.02))
    percent(axes)
    epoch_axis(axes, EPOCHS)
    axes.legend(loc="lower right", ncols=2, handlelength=3.2)


with using("light") as theme:
    picture = Picture(6.8, 3.8, theme)
    accuracy(picture.subplots(), theme, (1, 2, 3, 5), ("bp", "shallow"))
picture

# %% [markdown]
# The more exact, the worse; and five iterations are no better than hidden layers that learn
# nothing. It is so on MNIST too: with layers of 256 and after 15 epochs, one iteration ends at a
# test error of 2.6 %, three at 5.9 % (`nofb reproduce bengio2020`). A theorem holds and a hope
# fails.
#
# ## What became of the targets
#
# Let two trained networks rest, and iterate their targets ever longer. The left column is the run
# with $K = 1$ from above. (The right column is a repair; it comes below.) The crosses are no
# learned inverses at all: local Jacobians, solved exactly. They are where the left column would go
# if its inverses were perfect. Three questions to a change $\Delta_l$: where does it point, how
# much of it does the output not notice, and how long is it?


# %%
def over(run, step=0.05):
    """Return what becomes of the targets of a trained network as they are iterated."""
    net, rule = run.net, run.rule
    rule.step_size, rule.damping = step, 1.0
    trace = net.forward(digits.x_test[:100])
    trace.set_target(net.as_target(digits.y_test[:100], 100))
    return {"test_accuracy": run.history["test_accuracy"][-1], **over_iterations(rule, trace)}


runs["itp_drl"] = train("itp_drl")
found = {"reconstruction": over(iterated[1]), "difference reconstruction": over(runs["itp_drl"])}
figure([{"task": {"inverses": name}, "result": each} for name, each in found.items()])

# %% [markdown]
# From layer 4 down, nearly all of an exact target is for nothing: **the output does not notice
# it**. And it is long, the longer the farther down; in a net of 5×256 that has learned MNIST, a
# million times as long as Gauss-Newton's and more. So iterating moves targets closer to
# Gauss-Newton's at first, and then away from them.
#
# Did the iteration converge at all? In the output layer it did, whose target is the same for every
# $K$. Farther down it did not: Lipschitz constants are above 1, and what is asked for is ever
# longer and lies ever more in directions that the inverse knows badly. Is it only that the
# theorem's premise fails, then? No: the crosses are inverses without any error, and they are worse
# still.

# %%
constants = iterated[1].history["lipschitz"][-1, 1:]
print("layers 2 to 6, Lipschitz constants " + " ".join(f"{each:.2f}" for each in constants))
for K, each in zip(ITERATIONS, found["reconstruction"]["iterated"]["residual"], strict=True):
    print(f"K = {K:2}: misses its target by   " + " ".join(f"{part:4.0%}" for part in each))

# %% [markdown]
# ## Why
#
# A hidden layer has 64 numbers and the output ten. So of 64 directions in which $h_l$ can move, at
# least 54 are of no account. A *local* inverse does not know which. It must restore everything that
# its target asks for, in directions also to which the layer hardly responds. To move such a
# direction a little at the top, it must be moved a lot at the bottom: by one over its singular
# value. The output noticed none of it, but the next inverse must restore all of it, and multiplies
# again.
#
# In a formula: pseudo-inverses do not compose. Two linear layers, 50-50-10, and both ways back
# of the same $e$:

# %%
rng = np.random.default_rng(SEED)
W1, W2 = rng.standard_normal((50, 50)) / 7, rng.standard_normal((50, 10)) / 7
e = rng.standard_normal(10)
J = (W1 @ W2).T  # (10, 50)
ways = {
    "pinv(W₁ W₂), the whole": e @ np.linalg.pinv(W1 @ W2),
    "pinv(W₂) pinv(W₁), local": e @ np.linalg.pinv(W2) @ np.linalg.pinv(W1),
}
for name, change in ways.items():
    share = np.sum(unnoticed(J, change) ** 2) / np.sum(change**2)
    print(
        f"{name:25} misses by {np.linalg.norm(J @ change - e):.0e}, "
        f"length {np.linalg.norm(change):4.1f}, unnoticed {share:.0%}"
    )

# %% [markdown]
# Both move the output by exactly $e$, and the local one takes a long way round. So the theorem's
# small print, *square layers with exact inverses*, is where it breaks: the last layer, from 64 to
# 10, is not square. And what of the others, which are? These are the singular values of their
# Jacobians in the network that you trained, at one test image. Each layer down, an exact target is
# divided by them.

# %%
trained, image = iterated[1].net, digits.x_test[:1]
trace = trained.forward(image)
with using("light") as theme:
    picture = Picture(6.8, 3.6, theme)
    axes = picture.subplots()
    for number, (layer, colour) in enumerate(zip(trained.layers[1:-1], SHADES, strict=False), 2):
        slope = 1 - trace[layer].h[0] ** 2
        values = np.linalg.svd(layer.W.astype(float) * slope, compute_uv=False)
        condition = found["reconstruction"]["condition"][number - 2]
        axes.plot(range(1, 65), values, color=colour, label=f"layer {number} ({condition:.0f})")
    axes.set(yscale="log", xlabel="direction", title="singular values of one layer's Jacobian")
    axes.legend(title="layer (condition number,\nmedian of 100 images)", loc="lower left")
picture

# %% [markdown]
# A tanh unit that is nearly saturated answers to nothing, and adds a tiny one. An iteration finds
# large directions first and those small ones last: stop early, and they have not been found yet.
# Few iterations are not a worse inverse. They are a *regular* one.
#
# ## The repair
#
# Let an inverse learn something else than what the layer received: what comes *back from the
# output* (Meulemans et al. 2020). Noise in $h_{l-1}$ goes all the way up, comes down as a target
# does, and shall arrive as it left:
#
# $$
# \begin{aligned}
# \tilde h_{l-1} &= h_{l-1} + \xi, \qquad \tilde u_L = f_L(\ldots f_l(\tilde h_{l-1})) \\
# \tilde u_{m-1} &= h_{m-1} + g_m(\tilde u_m) - g_m(h_m) \qquad m = L, \ldots, l \\
# \Delta B_l & \quad \text{down the slope of }
# \lVert \tilde u_{l-1} - \tilde h_{l-1} \rVert^2 / 2 \sigma^2
# \end{aligned}
# $$
#
# What the output can not tell never comes back, so that no inverse learns to send anything there.
# An iteration only moves within what $g_l$ can give: with inverses that began at zero it stays
# within what counts, the right column above. Do not iterate long, though: it still ends where all
# of $t_l$ is met. `itp_drl` takes two iterations, each damped by ½.
#
# **gnt** is the yardstick: $J_l$ from the real weights, inverted exactly with a little damping,
# $(J_l J_l^\top + c I)^{-1}$. It is weight transport, several times over.

# %%
runs["gnt"] = train("gnt")
shown = {"itp, K = 1": iterated[1], "itp, K = 3": iterated[3]}
shown |= {name: runs[name] for name in ("itp_drl", "gnt", "bp")}
with using("light") as theme:
    picture = Picture(10.4, 4.4, theme)
    learned, plane = picture.subplots(1, 2, width_ratios=[1.2, 1])
    accuracy(learned, theme, (1, 3), ("itp_drl", "gnt", "bp", "shallow"))
    for (name, run), shade in zip(shown.items(), (*SHADES[1:4:2], *[None] * 3), strict=True):
        colour, measures = shade or look(name, theme).colour, ("step_angle", "gauss_newton_angle")
        across, up = (run.history[measure][-1, -2::-1] for measure in measures)
        plane.plot(across, up, "-o", color=colour, ms=4)
        plane.plot(across[-1], up[-1], "o", color=colour, ms=8, mfc=theme.paper)
        side = {"ha": "right", "xytext": (-8, 4)} if name == "itp_drl" else {"xytext": (8, 4)}
        end = across[-1], up[-1]
        plane.annotate(name, end, color=colour, textcoords="offset points", **side)
    plane.set(xlabel="angle of the weight step to the gradient", ylabel="to Gauss-Newton's")
    plane.set(xlim=(-4, 112), ylim=(-4, 100), xticks=range(0, 91, 30), yticks=range(0, 91, 30))
    plane.set(title="hidden layer 5 to 1 (the ring)", aspect="equal")
    plane.xaxis.set_major_formatter("{x:g}°")
    plane.yaxis.set_major_formatter("{x:g}°")
picture

# %% [markdown]
# The plane says where a step points, from the uppermost hidden layer to the lowest one (the ring).
# **bp** is on one axis and **gnt** on the other. Nothing can be in the corner, as the two disagree:
# in the lowest layer nearly by a right angle. What repairs the iteration brings it closer to
# *both*. It learns faster than **dtp**, and ends where **dtp** ends.
#
# And look at **gnt** itself. The best inverse there is, and it learns no better than backprop. On a
# problem that suits it, Gauss-Newton is quick; here, with a small damping, it lets each sample ask
# for the shortest change that makes its own output right, and adds them up.
#
# So there are three answers to our question. The theorem: an iteration with $\rho < 1$ finds what
# the layer above asks for. The surprise: what it asks for is mostly nothing that the output wants.
# The repair: let the *output* say what is worth bringing back, and stop early.

# %% [markdown]
# ## Questions
#
# 1. With `rho` at 1, the dots stand still at their start; at 1.1 they run away. Damp the iteration,
#    $h + \alpha\,(g(t) - g(f(h)))$. What is each error multiplied by now? For which angles of the
#    rotation $R$ is there an $\alpha$ that rescues $\rho = 1.1$, and for which one is there none?
# 2. What does the iteration do if $f$ has fewer units above than below? Where can it end (think of
#    $g(f(h)) = g(t)$), and what does it leave of $h^{(0)}$? Compare with starting at $g(t)$.
# 3. Iterate what is *inverted* instead: $u \leftarrow u + t - f(g(u))$, $h = g(u)$. Which constant
#    must be below 1 now? Write it beside `iterates`, and try it with a $g$ that is 10 % wrong.
# 4. Derive Gauss-Newton's change: the smallest $\lVert \Delta \rVert$ with $\Delta J^\top =
#    -\hat\eta\, e$. What becomes of it for large $c$ in $(J J^\top + c I)^{-1}$? Train **gnt** with
#    `damping=0.1` and `damping=10`, and put both into the plane.
# 5. Set the 50 in the linear example (50-50-10) to 11, and the first layer to a rotation. Which of
#    the two brings the local way back close to the whole one, and why?
# 6. Multiply one over the smallest singular values of layers 2 to 5. How does the product compare
#    with the length of an exact target in layer 1? Why is it not the same?
# 7. `layer_norm=True` multiplies each $\Delta_l$ by $\lVert \Delta_L \rVert^2 / \lVert \Delta_l
#    \rVert^2$. What does that repair of all that goes wrong here, and what can it not? Try it for
#    $K = 3$, then `damping=0.3` without it.
# 8. Train `itp_drl` with `iterations=5, damping=1.0`. What does the right column of the anatomy
#    make you expect? Why does `itp_drl` start its inverses at zero, and what would the part of a
#    random start do that no lesson ever touches?
# 9. A colleague reports that iterated targets beat difference targets, on a network 20-20-20-20
#    with squared error. Do you believe it? What would you ask to see?
