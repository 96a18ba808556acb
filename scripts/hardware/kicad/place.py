"""Makes the board file of KiCad's from the netlist: outline, holes, header, parts, ground planes. No tracks.

Run by scripts/check-schematic --place with the Python of KiCad 9: place.py NETLIST FOOTPRINTS OWN BOARD.
"""

import math
import re
import sys

import pcbnew

WIDTH, HEIGHT, CORNER = 65.0, 56.5, 3.0
HOLES = [(3.5, 3.5), (61.5, 3.5), (3.5, 52.5), (61.5, 52.5)]
# Pin 1 is in the inner row: the middle of the header is 29 mm right of the first hole, in line with it.
PIN_1 = (3.5 + 29 - 19 * 1.27, 3.5 + 1.27)
HEADER = "J5"
# Where the parts of a slot gather, and of none.
SLOTS = {
    **{f"U{slot}": (16.0 * slot - 8.0, 13.0) for slot in (1, 2, 3, 4)},
    **{f"J{slot}": (16.0 * slot - 8.0, 38.0) for slot in (1, 2, 3, 4)},
}
MIDDLE = (32.5, 23.0)
# In the order of the slots, along the lower edge.
EDGE = {f"SW{slot}": (11.5 + 6.0 * (slot - 1), 53.0) for slot in range(1, 9)}
EDGE |= {f"D{slot}": (11.5 + 6.0 * (slot - 1), 49.5) for slot in range(1, 9)}
LEFT, RIGHT, TOP, BOTTOM = 1.0, 64.0, 7.4, 56.0
GAP = 0.15
KEEP_OUT = 3.3


def expression(text):
    stack = [[]]
    for token in re.findall(r'"(?:\\.|[^"\\])*"|[()]|[^\s()"]+', text):
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token[1:-1].replace('\\"', '"') if token[0] == '"' else token)
    return stack[0][0]


def all_of(node, head):
    return [item for item in node if isinstance(item, list) and item and item[0] == head]


def value_of(node, head):
    return all_of(node, head)[0][1]


def at(x, y):
    return pcbnew.VECTOR2I(pcbnew.FromMM(x), pcbnew.FromMM(y))


def outline(board):
    def shape(kind):
        item = pcbnew.PCB_SHAPE(board, kind)
        item.SetLayer(pcbnew.Edge_Cuts)
        item.SetWidth(pcbnew.FromMM(0.1))
        board.Add(item)
        return item

    for start, end in [
        ((CORNER, 0), (WIDTH - CORNER, 0)),
        ((WIDTH, CORNER), (WIDTH, HEIGHT - CORNER)),
        ((WIDTH - CORNER, HEIGHT), (CORNER, HEIGHT)),
        ((0, HEIGHT - CORNER), (0, CORNER)),
    ]:
        line = shape(pcbnew.SHAPE_T_SEGMENT)
        line.SetStart(at(*start))
        line.SetEnd(at(*end))
    cut = CORNER * (1 - 0.5**0.5)
    for start, middle, end in [
        ((0, CORNER), (cut, cut), (CORNER, 0)),
        ((WIDTH - CORNER, 0), (WIDTH - cut, cut), (WIDTH, CORNER)),
        ((WIDTH, HEIGHT - CORNER), (WIDTH - cut, HEIGHT - cut), (WIDTH - CORNER, HEIGHT)),
        ((CORNER, HEIGHT), (cut, HEIGHT - cut), (0, HEIGHT - CORNER)),
    ]:
        shape(pcbnew.SHAPE_T_ARC).SetArcGeometry(at(*start), at(*middle), at(*end))


def load(folder, own, name):
    library, footprint = name.split(":")
    path = f"{own}/iose.pretty" if library == "iose" else f"{folder}/{library}.pretty"
    loaded = pcbnew.FootprintLoad(path, footprint)
    if loaded is None:
        sys.exit(f"place.py: no footprint {name}")
    loaded.SetFPIDAsString(name)
    return loaded


def put_header(part):
    part.Flip(part.GetPosition(), pcbnew.FLIP_DIRECTION_LEFT_RIGHT)
    for quarter in range(4):
        part.SetOrientationDegrees(90 * quarter)
        one, two, three = (part.FindPadByNumber(str(n)).GetPosition() for n in (1, 2, 3))
        if two.y < one.y and three.x > one.x:
            part.Move(at(*PIN_1) - one)
            return
    sys.exit("place.py: the header fits in no orientation")


def body(part):
    box = part.GetCourtyard(pcbnew.F_CrtYd).BBox()
    if box.GetWidth() == 0:
        box = part.GetBoundingBox(False)
    return [pcbnew.ToMM(value) for value in (box.GetX(), box.GetY(), box.GetWidth(), box.GetHeight())]


def is_near_hole(x, y, width, height):
    for hole_x, hole_y in HOLES:
        near_x = min(max(hole_x, x), x + width)
        near_y = min(max(hole_y, y), y + height)
        if (near_x - hole_x) ** 2 + (near_y - hole_y) ** 2 < KEEP_OUT**2:
            return True
    return False


def owner_of(part):
    """The one slot that a part belongs to, by the names of its nets: `J1_SDA`."""
    slots = {pad.GetNetname().split("_")[0] for pad in part.Pads()} & set(SLOTS)
    return slots.pop() if len(slots) == 1 else None


def target_of(part, placed):
    """Where its slot is; a small part beside what it is wired to."""
    nets = {pad.GetNetname() for pad in part.Pads()} - {"", "GND", "+3V3"}
    near = [spot for spot, net in placed if net in nets]
    if part.GetPadCount() > 3 or not near:
        return SLOTS.get(owner_of(part), MIDDLE)
    return tuple(sum(axis) / len(near) for axis in zip(*near))


def put_near(parts):
    """What stands on the edge, then the largest first, each in the free place that is nearest to where it should be."""
    step, taken, placed = 0.25, [], []
    order = lambda one: (one.GetReference() not in EDGE, -body(one)[2] * body(one)[3], one.GetReference())
    for part in sorted(parts, key=order):
        x0, y0, width, height = body(part)
        want = EDGE.get(part.GetReference()) or target_of(part, placed)
        columns, rows = int((RIGHT - LEFT - width) / step), int((BOTTOM - TOP - height) / step)
        spots = sorted(
            ((LEFT + column * step, TOP + row * step) for column in range(columns + 1) for row in range(rows + 1)),
            key=lambda spot: ((spot[0] + width / 2 - want[0]) ** 2 + (spot[1] + height / 2 - want[1]) ** 2, spot),
        )
        for x, y in spots:
            if is_near_hole(x, y, width, height):
                continue
            if not any(
                x < a + c + GAP and a < x + width + GAP and y < b + d + GAP and b < y + height + GAP
                for a, b, c, d in taken
            ):
                break
        else:
            sys.exit(f"place.py: no room for {part.GetReference()}")
        part.Move(at(x - x0, y - y0))
        taken.append((x, y, width, height))
        for pad in part.Pads():
            spot = pad.GetPosition()
            placed.append(((pcbnew.ToMM(spot.x), pcbnew.ToMM(spot.y)), pad.GetNetname()))


def ground(board, net, layer):
    zone = pcbnew.ZONE(board)
    zone.SetLayer(layer)
    zone.SetNet(net)
    edge = 0.5
    corners = [(edge, edge), (WIDTH - edge, edge), (WIDTH - edge, HEIGHT - edge), (edge, HEIGHT - edge)]
    chain = pcbnew.SHAPE_LINE_CHAIN()
    for x, y in corners:
        chain.Append(at(x, y))
    chain.SetClosed(True)
    zone.Outline().AddOutline(chain)
    # Parts are soldered in an oven; only the header is soldered by hand.
    zone.SetPadConnection(pcbnew.ZONE_CONNECTION_THT_THERMAL)
    zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
    board.Add(zone)


def keep_copper_from(board, x, y):
    """No plane and no track below the head of a screw."""
    area = pcbnew.ZONE(board)
    area.SetIsRuleArea(True)
    area.SetLayerSet(pcbnew.LSET.AllCuMask())
    area.SetDoNotAllowCopperPour(True)
    area.SetDoNotAllowTracks(True)
    area.SetDoNotAllowVias(True)
    area.SetDoNotAllowPads(False)
    area.SetDoNotAllowFootprints(False)
    chain = pcbnew.SHAPE_LINE_CHAIN()
    for step in range(32):
        angle = math.tau * step / 32
        chain.Append(at(x + KEEP_OUT * math.cos(angle), y + KEEP_OUT * math.sin(angle)))
    chain.SetClosed(True)
    area.Outline().AddOutline(chain)
    board.Add(area)


def main(netlist, footprints, own, target):
    pcbnew.KIID.SeedGenerator(1)
    root = expression(open(netlist, encoding="utf8").read())
    board = pcbnew.NewBoard(target)
    outline(board)
    nets = {}
    for net in all_of(all_of(root, "nets")[0], "net"):
        name = value_of(net, "name")
        item = pcbnew.NETINFO_ITEM(board, name)
        board.Add(item)
        for node in all_of(net, "node"):
            nets[value_of(node, "ref"), value_of(node, "pin")] = item
        nets[name] = item
    parts = []
    for component in all_of(all_of(root, "components")[0], "comp"):
        reference = value_of(component, "ref")
        part = load(footprints, own, value_of(component, "footprint"))
        part.SetReference(reference)
        part.SetValue(value_of(component, "value"))
        path = value_of(all_of(component, "sheetpath")[0], "tstamps") + value_of(component, "tstamps")
        part.SetExcludedFromBOM(False)
        part.SetPath(pcbnew.KIID_PATH(path))
        board.Add(part)
        for pad in part.Pads():
            if (reference, pad.GetNumber()) in nets:
                pad.SetNet(nets[reference, pad.GetNumber()])
        # Between parts so close there is no room for print.
        part.Reference().SetLayer(pcbnew.F_Fab)
        if reference == HEADER:
            put_header(part)
        else:
            parts.append(part)
    put_near(parts)
    for number, (x, y) in enumerate(HOLES, 1):
        hole = load(footprints, own, "MountingHole:MountingHole_2.7mm_M2.5")
        hole.SetReference(f"H{number}")
        hole.SetBoardOnly(True)
        hole.SetExcludedFromBOM(True)
        hole.Reference().SetLayer(pcbnew.F_Fab)
        hole.SetPosition(at(x, y))
        board.Add(hole)
        keep_copper_from(board, x, y)
    for layer in (pcbnew.F_Cu, pcbnew.B_Cu):
        ground(board, nets["GND"], layer)
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())
    pcbnew.SaveBoard(target, board)


main(*sys.argv[1:])
